// A guest that imports WASI gets a world of its own: lines, a clock that follows the frames, random bytes, and nothing else.
import { beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "../../agent/node/runner.ts";
import type { GuestLog, StageRunner } from "../../agent/sandbox/stage-runner.ts";
import { attack, expectEcho, frameOf, openStand } from "./stand.ts";
import { buildWasiGuest } from "./wasi-guest.ts";

const stand = openStand();
const limits = { maxExecutionMs: 20_000 };
let guest: Uint8Array;
let lines: GuestLog[];

beforeAll(async () => {
  guest = await buildWasiGuest();
});

const open = (given: object = limits) => {
  lines = [];
  return stand.open(guest, { entry: "glue", limits: given, onLog: (line) => void lines.push(line) });
};

describe("what a guest prints", () => {
  it("becomes log lines: stdout as info, stderr as a warning, each on its own", async () => {
    const runner = await open();
    expect((await runner.process(frameOf([1]))).failures).toEqual([]);
    expect(lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
      "info hello",
      "info world",
      "info unfinished",
      "warn hello",
    ]);
  });

  it("is bounded when it never stops", async () => {
    const runner = await open({ maxExecutionMs: 400 });
    await attack(stand, runner, [7], "node-timeout");
    expect(lines.length).toBeGreaterThanOrEqual(100);
    expect(lines.length).toBeLessThan(400);
  });
});

describe("a guest's clock", () => {
  const clocks = (outcome: Outcome) => {
    const view = dataOf(outcome);
    return {
      first: view.getBigUint64(0, true),
      second: view.getBigUint64(8, true),
      seconds: view.getBigUint64(16, true),
      nanoseconds: view.getUint32(24, true),
    };
  };

  it("follows the frames' time and not the machine's, and gives the same in every run", async () => {
    const readings: ReturnType<typeof clocks>[][] = [];
    for (let run = 0; run < 2; run++) {
      const runner = await open();
      const read = [];
      for (const pts of [0, 20_000, 40_000, 5_000_000])
        read.push(clocks(await runner.process(frameOf([2], pts))));
      readings.push(read);
    }
    expect(readings[0]).toEqual(readings[1]);
    const [start, , , last] = readings[0]!;
    expect(last!.first - start!.first).toBeGreaterThanOrEqual(4_999_000_000n);
    expect(last!.first - start!.first).toBeLessThan(5_001_000_000n);
    // 2025-01-01 and five seconds.
    expect([start!.seconds, last!.seconds]).toEqual([1_735_689_600n, 1_735_689_605n]);
  });

  it("goes on by a hair with each look, so that nothing can be timed by it", async () => {
    const { first, second } = clocks(await (await open()).process(frameOf([2], 1000)));
    expect(second - first).toBe(1n);
  });

  it("never goes back, not even when frames do", async () => {
    const runner = await open();
    const later = clocks(await runner.process(frameOf([2], 9_000_000))).second;
    const earlier = clocks(await runner.process(frameOf([2], -5_000_000))).first;
    expect(earlier).toBeGreaterThan(later);
  });

  it("jumps over what the guest sleeps: nobody waits", async () => {
    const runner = await open();
    const started = performance.now();
    const view = dataOf(await runner.process(frameOf([13])));
    expect(view.getBigUint64(8, true) - view.getBigUint64(0, true)).toBeGreaterThanOrEqual(
      3_600_000_000_000n,
    );
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

it("random bytes differ, from each other and from run to run", async () => {
  const seen = new Set<bigint>();
  for (let run = 0; run < 2; run++) {
    const runner = await open();
    for (let frame = 0; frame < 3; frame++) {
      const view = dataOf(await runner.process(frameOf([3], frame)));
      seen.add(view.getBigUint64(0, true)).add(view.getBigUint64(8, true));
      expect(view.getUint32(20, true)).toBe(1000);
    }
  }
  expect(seen.size).toBe(12);
});

it("the environment is empty", async () => {
  expect(dataOf(await (await open()).process(frameOf([12]))).getUint32(0, true)).toBe(0);
});

describe("a guest that misuses WASI", () => {
  let runner: StageRunner;
  beforeAll(async () => {
    runner = await open();
  });

  it.each([4, 5])("gets node-trap when it exits (command %i)", async (command) => {
    expect((await attack(stand, runner, [command], "node-trap")).message).toBe("the guest called exit");
  });

  it("gets node-trap for more random bytes than anybody needs", async () => {
    expect((await attack(stand, runner, [6], "node-trap")).message).toContain("random bytes at once");
  });

  it.each([
    ["a stream that it doesn't have", 9],
    ["a pollable for a stream", 11],
  ])("fails with %s, and only it", async (_what, command) => {
    const fresh = await open();
    const [attacked, next] = await Promise.all([
      fresh.process(frameOf([command], 40)),
      fresh.process(frameOf([0, 7])),
    ]);
    expect(attacked.emissions).toEqual([]);
    expect(attacked.failures).toHaveLength(1);
    expect(["node-trap", "node-bad-output"]).toContain(attacked.failures[0]!.code);
    expectEcho(next, [0, 7]);
    await stand.expectNeighbourUnharmed();
  });

  it("prints nothing by bytes that it doesn't have: the glue reads none outside of its memory", async () => {
    const fresh = await open();
    expect((await fresh.process(frameOf([10]))).emissions).toEqual([]);
    expect(lines).toEqual([]);
    expectEcho(await fresh.process(frameOf([0, 7])), [0, 7]);
  });
});

it("a guest that hoards handles is ended, by the clock or for want of memory", async () => {
  const runner = await open({ maxExecutionMs: 1500 });
  const [attacked, next] = await Promise.all([
    runner.process(frameOf([8], 40)),
    runner.process(frameOf([0, 7])),
  ]);
  expect(["node-timeout", "node-killed", "node-trap"]).toContain(attacked.failures[0]!.code);
  expectEcho(next, [0, 7]);
  await stand.expectNeighbourUnharmed();
});

function dataOf(outcome: Outcome): DataView {
  expect(outcome.failures).toEqual([]);
  const { data } = outcome.emissions[0]!.frame;
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
