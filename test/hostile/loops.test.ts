// A guest that loops gets node-timeout, or node-fuel-exhausted where it has a budget, wherever it loops.
import { describe, expect, it } from "vitest";
import type { NodeLimits } from "../../agent/node/limits.ts";
import { buildGuest, type GuestParts } from "./guest.ts";
import { attack, expectEcho, frameOf, onlyFailure, openStand } from "./stand.ts";

const stand = openStand();
const forever = "(loop $again (br $again))";
const limits = { maxExecutionMs: 250 };
const budget = { maxExecutionMs: 5000, maxFuel: 100_000n };
const onCommand = `(if (local.get $command) (then ${forever}))
  (call $store_frame (i32.const 32) (local.get $pts) (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
  (call $ok (i32.const 32) (i32.const 1))`;

/** Loops when it is asked for 77 bytes. */
const reallocOnSize = `(if (i32.eq (local.get $size) (i32.const 77)) (then ${forever}))
  (call $alloc (local.get $old) (local.get $old_size) (local.get $align) (local.get $size))`;

describe("a loop before the first frame", () => {
  it.each([
    ["the start function", { fields: `(func $begin ${forever}) (start $begin)` }],
    ["open", { open: `${forever} (i32.const 16)` }],
    ["cabi_realloc, for the params of open", { realloc: `${forever} (i32.const 16)` }],
  ] as const)("in %s keeps the stage from opening", async (_where, parts: GuestParts) => {
    const runner = await stand.make(await buildGuest(parts), { limits });
    await expect(runner.open()).rejects.toMatchObject({ code: "node-timeout", where: { node: "node" } });
    await stand.expectNeighbourUnharmed();
  });

  it.each([
    ["open", { open: `${forever} (i32.const 16)` }],
    ["cabi_realloc", { realloc: `${forever} (i32.const 16)` }],
  ] as const)("in %s uses up a budget", async (_where, parts: GuestParts) => {
    const runner = await stand.make(await buildGuest(parts), { limits: budget });
    await expect(runner.open()).rejects.toMatchObject({ code: "node-fuel-exhausted" });
  });
});

describe.each(["direct", "glue"] as const)("a loop that is entered by %s", (entry) => {
  it("in process is ended, and the next frame handled", async () => {
    const runner = await stand.open(await buildGuest({ process: onCommand }), { entry, limits });
    const started = performance.now();
    const { message } = await attack(stand, runner, [1], "node-timeout");
    expect(message).toBe("the call took longer than 250 ms");
    // The machine may be busy; what counts is that it isn't the default of five seconds.
    expect(performance.now() - started).toBeLessThan(4000);
    expect(runner.metrics().get("node")).toMatchObject({ framesIn: 2, framesOut: 1, restarts: 1 });
  });

  it("in cabi_realloc is ended, and the next frame handled", async () => {
    const runner = await stand.open(await buildGuest({ realloc: reallocOnSize }), { entry, limits });
    await attack(stand, runner, new Uint8Array(77), "node-timeout");
  });

  it.each([
    ["process", { process: onCommand }, [1]],
    ["cabi_realloc", { realloc: reallocOnSize }, new Uint8Array(77)],
  ] as const)("in %s uses up a budget without costing the child", async (_where, parts, data) => {
    const runner = await stand.open(await buildGuest(parts), {
      entry,
      limits: budget as Partial<NodeLimits>,
    });
    const { message } = await attack(stand, runner, [...data], "node-fuel-exhausted");
    expect(message).toBe("the call used up its fuel");
    expect(runner.metrics().get("node")!.fuel).toBeGreaterThanOrEqual(budget.maxFuel);
  });
});

describe("a loop in cabi_post_process", () => {
  // `process` leaves the frame's first byte where `post` finds it.
  const parts: GuestParts = {
    fields: "(global $asked (mut i32) (i32.const 0))",
    process: `(global.set $asked (local.get $command))
      (call $store_frame (i32.const 32) (local.get $pts) (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
      (call $ok (i32.const 32) (i32.const 1))`,
    post: `(if (global.get $asked) (then ${forever})) (call $free_all)`,
  };

  it.each([
    ["node-timeout", limits],
    ["node-fuel-exhausted", budget],
  ] as const)("is ended with %s; its frame has left by then", async (code, given) => {
    const runner = await stand.open(await buildGuest(parts), { limits: given });
    const [attacked, next] = await Promise.all([
      runner.process(frameOf([1], 40)),
      runner.process(frameOf([0, 7], 80)),
    ]);
    expect(attacked.emissions.map(({ frame }) => [...frame.data])).toEqual([[1]]);
    expect(attacked.failures).toMatchObject([{ code, framePts: 40 }]);
    expectEcho(next, [0, 7]);
    await stand.expectNeighbourUnharmed();
  });
});

it("a loop in flush is ended and reported without a frame", async () => {
  const runner = await stand.open(await buildGuest({ flush: `${forever} (i32.const 16)` }), { limits });
  expectEcho(await runner.process(frameOf([0, 1])), [0, 1]);
  expect(onlyFailure(await runner.flush())).toMatchObject({ code: "node-timeout", framePts: undefined });
});

it("the rest of what is in flight is handled after a loop, in order", async () => {
  const runner = await stand.open(await buildGuest({ process: onCommand }), { limits });
  const data = Array.from({ length: 12 }, (_, index) => [index % 3 === 2 ? 1 : 0, index]);
  const outcomes = await Promise.all(data.map((bytes, index) => runner.process(frameOf(bytes, index))));
  outcomes.forEach((outcome, index) => {
    if (index % 3 === 2)
      expect(onlyFailure(outcome)).toMatchObject({ code: "node-timeout", framePts: index });
    else expectEcho(outcome, data[index]!);
  });
});

it("counts failures in a row across children that were killed", async () => {
  const runner = await stand.open(await buildGuest({ process: onCommand }), { limits });
  const inRow: number[] = [];
  for (const [pts, command] of [1, 1, 0, 1].entries()) {
    const { failures } = await runner.process(frameOf([command], pts));
    inRow.push(...failures.map(({ consecutive }) => consecutive));
  }
  expect(inRow).toEqual([1, 2, 1]);
});
