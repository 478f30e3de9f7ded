// A guest that gives more than it may gets node-output-limit; one whose allocator lies gets node-bad-output.
import { beforeAll, describe, expect, it } from "vitest";
import type { StageRunner } from "../../agent/sandbox/stage-runner.ts";
import { buildGuest, readGuest } from "./guest.ts";
import { attack, expectEcho, frameOf, onlyFailure, openStand } from "./stand.ts";

const stand = openStand();

describe.each(["direct", "glue"] as const)("a flooder that is entered by %s", (entry) => {
  let runner: StageRunner;
  beforeAll(async () => {
    runner = await stand.open(await readGuest("flooder"), { entry, limits: { maxOutputBytes: 1_000_000 } });
  });

  it.each([
    ["a million frames", 1, "1000000 frames, 1024 are allowed a call"],
    ["one frame too many", 2, "1025 frames, 1024 are allowed a call"],
    ["more bytes than allowed, though they are the same ones", 4, "more than 1000000 bytes in one call"],
    ["40 GB, though they are the same 40 MB", 6, "more than 1000000 bytes in one call"],
  ] as const)("gets node-output-limit for %s", async (_what, command, message) => {
    expect((await attack(stand, runner, [command], "node-output-limit")).message).toBe(message);
  });

  it.each([
    ["as many frames as it may", 3, 1024, 1],
    ["nearly as many bytes as it may", 5, 1, 600_000],
  ] as const)("may give %s", async (_what, command, frames, bytes) => {
    const { emissions, failures } = await runner.process(frameOf([command]));
    expect(failures).toEqual([]);
    expect(emissions.map(({ frame }) => frame.data.length)).toEqual(Array(frames).fill(bytes));
  });
});

/** What cabi_realloc answers for sizes that only this test asks for. */
const reallocLies = `
  (if (i32.eq (local.get $size) (i32.const 7001)) (then (return (i32.const 0x7fffffff))))
  (if (i32.eq (local.get $size) (i32.const 7002)) (then (return (i32.const -1))))
  (if (i32.eq (local.get $size) (i32.const 7003)) (then (return (i32.const 65000))))
  (if (i32.eq (local.get $size) (i32.const 7004)) (then unreachable))
  (if (i32.eq (local.get $size) (i32.const 7005)) (then (return (i32.const 0))))
  (if (i32.eq (local.get $size) (i32.const 28)) (then (return (i32.const 4097))))
  (call $alloc (local.get $old) (local.get $old_size) (local.get $align) (local.get $size))`;

describe.each(["direct", "glue"] as const)("an allocator that is entered by %s", (entry) => {
  let runner: StageRunner;
  beforeAll(async () => {
    runner = await stand.open(await buildGuest({ realloc: reallocLies }), { entry });
  });

  it.each([
    ["memory that is not there", 7001],
    ["the last address there can be", 7002],
    ["memory that is too short", 7003],
  ])("gets node-bad-output for %s", async (_what, size) => {
    await attack(stand, runner, new Uint8Array(size), "node-bad-output");
  });

  it("gets node-trap for a trap", async () => {
    await attack(stand, runner, new Uint8Array(7004), "node-trap");
  });

  it("harms nobody but itself with address 0", async () => {
    const outcome = await runner.process(frameOf(new Uint8Array(7005).fill(1)));
    expect(outcome.emissions.length + outcome.failures.length).toBe(1);
    expectEcho(await runner.process(frameOf([0, 7])), [0, 7]);
    await stand.expectNeighbourUnharmed();
  });
});

it("an allocator that gives misaligned memory for a tensor's shape has lied", async () => {
  const runner = await stand.open(await buildGuest({ realloc: reallocLies }), { entry: "direct" });
  const shape = [1, 1, 1, 1, 1, 1, 4];
  const tensor = frameOf([1, 2, 3, 4], 40, { kind: "tensor", element: "uint8", shape });
  expect(onlyFailure(await runner.process(tensor))).toMatchObject({ code: "node-bad-output" });
  expectEcho(await runner.process(frameOf([0, 7])), [0, 7]);
});

it("a node that fails every time is counted in a row, whatever the code", async () => {
  const runner = await stand.open(await readGuest("flooder"));
  const codes: string[] = [];
  for (const command of [1, 2, 6, 0, 1]) {
    const { failures } = await runner.process(frameOf([command]));
    codes.push(...failures.map(({ code, consecutive }) => `${code} ${consecutive}`));
  }
  expect(codes).toEqual([
    "node-output-limit 1",
    "node-output-limit 2",
    "node-output-limit 3",
    "node-output-limit 1",
  ]);
});
