// A guest that traps gets node-trap with the trap's name, and a fresh instance.
import { beforeAll, describe, expect, it } from "vitest";
import type { StageRunner } from "../../agent/sandbox/stage-runner.ts";
import { buildGuest, readGuest } from "./guest.ts";
import { attack, expectEcho, frameOf, onlyFailure, openStand } from "./stand.ts";

const stand = openStand();

/** Traps by their command in `guests/trapper.wat`, named as the WebAssembly specification names them. */
const traps: readonly (readonly [trap: string, command: number, how: string])[] = [
  ["unreachable", 1, "unreachable"],
  ["integer divide by zero", 2, "division by zero"],
  ["integer divide by zero", 3, "remainder by zero"],
  ["integer overflow", 4, "the least integer by minus one"],
  ["invalid conversion to integer", 5, "NaN to an integer"],
  ["out of bounds memory access", 6, "a load outside of memory"],
  ["out of bounds memory access", 7, "a store outside of memory"],
  ["out of bounds memory access", 8, "a fill outside of memory"],
  ["undefined element", 9, "an indirect call outside of the table"],
  // JavaScriptCore looks at the signature of the element, which an empty one doesn't have.
  ["indirect call type mismatch", 10, "an indirect call of an empty element"],
  ["indirect call type mismatch", 11, "an indirect call of another signature"],
  ["out of bounds table access", 12, "an element outside of the table"],
  ["call stack exhausted", 13, "recursion without end"],
  ["out of bounds memory access", 14, "a vector load outside of memory"],
];

describe.each(["direct", "glue"] as const)("a trapper that is entered by %s", (entry) => {
  let runner: StageRunner;
  beforeAll(async () => {
    runner = await stand.open(await readGuest("trapper"), { entry });
  });

  it.each(traps)("gets node-trap: %s (command %i, %s)", async (trap, command) => {
    expect((await attack(stand, runner, [command], "node-trap")).message).toBe(trap);
  });

  it("has not cost a child", () => {
    const { restarts } = runner.metrics().get("node")!;
    expect(restarts).toBe(traps.length);
  });
});

it.each([
  ["open", /^node "node" \(TestNode\) did not open: unreachable$/],
  ["start", /^node "node" \(TestNode\) did not open: unreachable$/],
  ["realloc", /^node "node" \(TestNode\) did not open: unreachable$/],
] as const)("a trap in %s keeps the stage from opening", async (where, message) => {
  const guest = await buildGuest(
    where === "start" ? { fields: "(func $begin unreachable) (start $begin)" } : { [where]: "unreachable" },
  );
  const runner = await stand.make(guest);
  await expect(runner.open()).rejects.toMatchObject({
    code: "node-trap",
    message: expect.stringMatching(message),
  });
  await stand.expectNeighbourUnharmed();
});

it("a log line from the start function is a trap: the component's imports don't answer before it is made", async () => {
  const guest = await buildGuest({
    imports: '(import "remotemedia:node/log@1.0.0" "write" (func $log (param i32 i32 i32)))',
    fields: "(func $begin (call $log (i32.const 0) (i32.const 8) (i32.const 3))) (start $begin)",
  });
  for (const entry of ["direct", "glue"] as const) {
    const runner = await stand.make(guest, { entry });
    await expect(runner.open()).rejects.toMatchObject({ code: "node-trap" });
  }
});

it("a trap in flush is reported without a frame", async () => {
  const runner = await stand.open(await buildGuest({ flush: "unreachable" }));
  expectEcho(await runner.process(frameOf([0, 1])), [0, 1]);
  expect(onlyFailure(await runner.flush())).toMatchObject({ code: "node-trap", framePts: undefined });
});

describe("a guest that traps while it frees its result", () => {
  it("is reported with its frame, whose output has left", async () => {
    const runner = await stand.open(await buildGuest({ post: "unreachable" }));
    const { emissions, failures } = await runner.process(frameOf([0, 5], 40));
    expect(emissions.map(({ frame }) => [...frame.data])).toEqual([[0, 5]]);
    expect(failures).toMatchObject([
      { code: "node-trap", message: "unreachable", framePts: 40, consecutive: 1 },
    ]);
  });

  it("is counted in a row, so that the run can give it up", async () => {
    const runner = await stand.open(await buildGuest({ post: "unreachable" }));
    const inRow: number[] = [];
    for (let pts = 0; pts < 3; pts++) {
      const { failures } = await runner.process(frameOf([0], pts));
      inRow.push(...failures.map(({ consecutive }) => consecutive));
    }
    expect(inRow).toEqual([1, 2, 3]);
  });
});
