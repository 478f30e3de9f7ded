// A child that was taken over and breaks the protocol is killed and reported; its parent and its neighbours go on.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Preparation } from "../../agent/sandbox/prepare/prepare-module.ts";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import type { GuestLog, StageRunner } from "../../agent/sandbox/stage-runner.ts";
import { createChildSpawner } from "../../platform/process/spawn-child.ts";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import { chainRunner, prepareHere } from "../support/sandbox.ts";
import { expectEcho, frameOf, openStand } from "./stand.ts";

const stand = openStand();
let preparation: Preparation;
beforeAll(async () => {
  preparation = await prepareHere(await buildReferenceGuest("echo"));
});

/** A stage in children that tell this lie when a frame begins with 1. */
async function withLiar(
  lie: string,
  use: (runner: StageRunner, lines: GuestLog[]) => Promise<void>,
): Promise<void> {
  const command = [process.execPath, join(import.meta.dirname, "fixtures/lying-child.ts"), lie];
  const spawner = createChildSpawner({ command, capAddressSpace: true });
  const pool = new SandboxPool({ spawner, spares: 0 });
  const lines: GuestLog[] = [];
  const runner = chainRunner(
    pool,
    [{ preparation, limits: { maxExecutionMs: 300 } }],
    (line) => void lines.push(line),
  );
  try {
    await use(runner, lines);
  } finally {
    await runner.close();
    await pool.close();
  }
}

describe("a child that breaks the protocol is killed, and the frame after goes to the next child:", () => {
  it.each([
    ["slot-offset", "a record points outside of its arena"],
    ["slot-bytes", "a record points outside of its arena"],
    ["counter", "the record ring's counter is out of range"],
    ["counter-back", "the record ring's counter is out of range"],
    ["unknown-type", "record type 99 doesn't exist"],
    ["answer-to-nothing", "an answer to nothing"],
    ["loaded-twice", "the stage was loaded twice"],
    ["ready-again", "record type 1 doesn't exist"],
    ["emission-node", "an emission from a port that doesn't exist"],
    ["emission-port", "an emission from a port that doesn't exist"],
    ["emission-kind", "payload kind is unknown"],
    ["emission-cut", "its head is cut short"],
    ["emission-data", "its data is cut short"],
    ["emission-rank", "too many dimensions"],
    ["emission-codec", "codec name is too long"],
    ["emission-for-nobody", "an answer to nothing"],
    ["failure-code", "a failure that doesn't exist"],
    ["failure-node", "a failure that doesn't exist"],
    ["note-cut", "a note is cut short"],
    ["log-level", "a log line that doesn't exist"],
    ["log-node", "a log line that doesn't exist"],
    ["emissions-without-end", "more output than a stage may give"],
    ["failures-without-end", "more failures than a stage may have"],
    ["logs-without-end", "more log lines than there can be"],
  ])("%s", async (lie, what) => {
    await withLiar(lie, async (runner) => {
      await runner.open();
      expectEcho(await runner.process(frameOf([0, 5])), [0, 5]);
      const calls = [runner.process(frameOf([1], 40)), runner.process(frameOf([0, 6], 80))];
      await stand.expectNeighbourUnharmed();
      const [lied, next] = await Promise.all(calls);
      const last = lied!.failures.at(-1)!;
      expect(last).toMatchObject({ node: "node", code: "node-killed", framePts: 40 });
      expect(last.message).toContain("broke the protocol");
      expect(last.message).toContain(what);
      expectEcho(next!, [0, 6]);
      await stand.expectNeighbourUnharmed();
    });
  });
});

it("an answer that is given twice is believed once", async () => {
  await withLiar("done-twice", async (runner) => {
    await runner.open();
    expect(await runner.process(frameOf([1]))).toEqual({ emissions: [], failures: [] });
    // The lie is noticed by then or while this one is under way.
    await runner.process(frameOf([0, 5]));
    expectEcho(await runner.process(frameOf([0, 6])), [0, 6]);
    expect(runner.metrics().get("node")!.restarts).toBe(1);
  });
});

it.each([
  ["wakes-without-end", "node-timeout"],
  ["suicide", "node-killed"],
  ["quit", "node-killed"],
] as const)("a child that answers nothing is ended: %s", async (lie, code) => {
  await withLiar(lie, async (runner) => {
    await runner.open();
    const [lied, next] = await Promise.all([
      runner.process(frameOf([1], 40)),
      runner.process(frameOf([0, 6])),
    ]);
    expect(lied.failures).toMatchObject([{ code, framePts: 40 }]);
    expectEcho(next, [0, 6]);
    await stand.expectNeighbourUnharmed();
  });
});

it("a child that only says that it makes progress can still be closed", async () => {
  await withLiar("progress-without-end", async (runner) => {
    await runner.open();
    const call = runner.process(frameOf([1], 40));
    const rejected = expect(call).rejects.toMatchObject({ message: "the stage was closed" });
    await stand.expectNeighbourUnharmed();
    await runner.close();
    await rejected;
  });
});

it("metrics that can't be are counted as nothing", async () => {
  await withLiar("metrics", async (runner) => {
    await runner.open();
    await runner.process(frameOf([1]));
    const { framesIn, framesOut, restarts, memoryPeakBytes, time } = runner.metrics().get("node")!;
    expect([framesIn, framesOut, restarts, memoryPeakBytes, time.max]).toEqual([0, 0, 0, 0, 0]);
    for (const value of Object.values(time)) expect(value).toBeGreaterThanOrEqual(0);
  });
});

it.each(["ready-garbage", "ready-strange", "ready-slot"])("a child that is never ready: %s", async (lie) => {
  await withLiar(lie, async (runner) => {
    await expect(runner.open()).rejects.toMatchObject({
      code: "sandbox-failed",
      message: "a sandbox child broke the protocol at its start",
    });
  });
});

it("a child that speaks garbage of its stage keeps it from opening", async () => {
  await withLiar("loaded-garbage", async (runner) => {
    await expect(runner.open()).rejects.toMatchObject({
      code: "node-killed",
      message: expect.stringContaining("broke the protocol: what it says of its stage can't be read"),
    });
  });
});

it("a child's words about its stage reach nobody's terminal as they are", async () => {
  await withLiar("loaded-refused", async (runner) => {
    await expect(runner.open()).rejects.toMatchObject({ code: "sandbox-failed", message: "[31mno" });
  });
});
