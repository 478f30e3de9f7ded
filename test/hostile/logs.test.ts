// A guest that logs too much is cut and counted; one that logs from nowhere has lied.
import { describe, expect, it } from "vitest";
import type { GuestLog } from "../../agent/sandbox/stage-runner.ts";
import { readGuest } from "./guest.ts";
import { attack, expectEcho, frameOf, openStand } from "./stand.ts";

const stand = openStand();
const imports = '(import "remotemedia:node/log@1.0.0" "write" (func $log (param i32 i32 i32)))';

describe.each(["direct", "glue"] as const)("a logger that is entered by %s", (entry) => {
  const openLogger = async () => {
    const lines: GuestLog[] = [];
    const onLog = (line: GuestLog) => void lines.push(line);
    const runner = await stand.open(await readGuest("logger", { imports }), {
      entry,
      onLog,
      limits: { maxExecutionMs: 60_000 },
    });
    return { runner, lines };
  };

  it("has most of a million lines suppressed, and every one of them counted", async () => {
    const { runner, lines } = await openLogger();
    const outcome = await runner.process(frameOf([1]));
    expect(outcome.failures).toEqual([]);
    // A burst of 100, then 20 a second.
    expect(lines.length).toBeGreaterThanOrEqual(100);
    expect(lines.length).toBeLessThan(100 + 20 * 30);
    expect(lines.every(({ text, level }) => text === "hello" && level === "info")).toBe(true);
    await untilALineGetsThrough(runner, lines);
    const told = lines.length + lines.reduce((sum, { suppressed }) => sum + suppressed, 0);
    expect(told).toBe(1_000_000 + more);
    await stand.expectNeighbourUnharmed();
  });

  it("has a long line cut at 4 KiB", async () => {
    const { runner, lines } = await openLogger();
    await runner.process(frameOf([4]));
    expect(lines).toEqual([{ node: "node", level: "warn", text: "a".repeat(4096), suppressed: 0 }]);
  });

  it.each([2, 3])("gets node-bad-output for a line outside of its memory (command %i)", async (command) => {
    const { runner, lines } = await openLogger();
    await attack(stand, runner, [command], "node-bad-output");
    expect(lines).toEqual([]);
  });

  it("has control characters taken out and broken UTF-8 replaced", async () => {
    const { runner, lines } = await openLogger();
    const nasty = [...new TextEncoder().encode("a\u001b[31mb\u0000c\u009b\u202ed\n"), 0xff];
    await runner.process(frameOf([6, ...nasty]));
    expect(lines.map(({ text }) => text)).toEqual(["a[31mbcd\n\ufffd"]);
  });

  it("may log empty lines at every level", async () => {
    const { runner, lines } = await openLogger();
    await runner.process(frameOf([7]));
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      ["debug", ""],
      ["info", ""],
      ["warn", ""],
      ["error", ""],
    ]);
  });

  let more = 0;
  /** Sends single lines until the limiter has let one through. */
  const untilALineGetsThrough = async (
    runner: Awaited<ReturnType<typeof openLogger>>["runner"],
    lines: readonly GuestLog[],
  ) => {
    more = 0;
    const known = lines.length;
    while (lines.length === known) {
      await runner.process(frameOf([6, 104, 101, 108, 108, 111]));
      more++;
    }
  };
});

it("a level that doesn't exist is info where it is entered directly", async () => {
  const lines: GuestLog[] = [];
  const runner = await stand.open(await readGuest("logger", { imports }), {
    entry: "direct",
    onLog: (line) => void lines.push(line),
  });
  expect((await runner.process(frameOf([5]))).failures).toEqual([]);
  expect(lines.map(({ level }) => level)).toEqual(["info"]);
  expectEcho(await runner.process(frameOf([0, 1])), [0, 1]);
});
