// What a hostile node does to its own stage, and what a run of several stages makes of it.
import { describe, expect, it } from "vitest";
import { runGraph } from "../../agent/executor/run-graph.ts";
import { defaultErrorPolicy } from "../../agent/node/failure.ts";
import type { Frame } from "../../agent/node/frame.ts";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { exitCodes } from "../../platform/base/error-codes.ts";
import type { ChildSpawner } from "../../platform/contract/process.ts";
import { ListSink, ListSource } from "../agent/executor/graph-fixture.ts";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import { chainRunner, prepareHere, type TestNode } from "../support/sandbox.ts";
import { buildGuest, readGuest } from "./guest.ts";
import { expectEcho, frameOf, onlyFailure, openStand } from "./stand.ts";

const stand = openStand();
const node = async (
  id: string,
  guest: Promise<Uint8Array>,
  more: Partial<TestNode> = {},
): Promise<TestNode> => ({
  id,
  preparation: await prepareHere(await guest),
  ...more,
});
const expanding = (id: string, copies: number) =>
  node(id, buildReferenceGuest("expanding"), { params: JSON.stringify({ copies }) });

describe("a stage of several nodes", () => {
  it("restarts the node that trapped and keeps the state of the others", async () => {
    const counting = await node("counting", buildReferenceGuest("counting"), {
      params: '{"every":0,"how":"trap"}',
    });
    const second = await node("trapping", buildReferenceGuest("counting"), {
      params: '{"every":2,"how":"trap"}',
    });
    const runner = stand.chain([counting, second]);
    await runner.open();
    for (let pts = 1; pts <= 5; pts++) await runner.process(frameOf([0], pts));
    const metrics = runner.metrics();
    expect(metrics.get("counting")).toMatchObject({ framesIn: 5, framesOut: 5, restarts: 0 });
    expect(metrics.get("trapping")).toMatchObject({ framesIn: 5, framesOut: 3, restarts: 2 });
  });

  it("blames the node that looped, not its neighbours", async () => {
    const loop = buildGuest({ process: "(loop $again (br $again)) (i32.const 16)" });
    const runner = stand.chain([
      await node("honest", buildReferenceGuest("echo")),
      await node("looping", loop, { limits: { maxExecutionMs: 250 } }),
    ]);
    await runner.open();
    const failure = onlyFailure(await runner.process(frameOf([0], 40)));
    expect(failure).toMatchObject({ node: "looping", code: "node-timeout", framePts: 40, consecutive: 1 });
  });

  it("bounds what one frame becomes: three nodes that multiply by a thousand don't run on for ever", async () => {
    const runner = stand.chain([
      await expanding("a", 1000),
      await expanding("b", 1000),
      await expanding("c", 1000),
    ]);
    await runner.open();
    const { emissions, failures } = await runner.process(frameOf([1], 40));
    expect(emissions.length).toBeLessThanOrEqual(65_536);
    expect(failures).toMatchObject([{ code: "node-output-limit" }]);
    expect(failures[0]!.message).toContain("65536 frames");
    await stand.expectNeighbourUnharmed();
  });

  it("bounds the bytes that one frame becomes", async () => {
    const runner = stand.chain([await expanding("a", 60), await expanding("b", 10)]);
    await runner.open();
    const { emissions, failures } = await runner.process(frameOf(new Uint8Array(1024 * 1024), 40));
    expect(emissions.length).toBe(256);
    expect(failures).toMatchObject([{ node: "b", code: "node-output-limit" }]);
    const after = await runner.process(frameOf([1], 80));
    expect(after.emissions.length).toBe(600);
  });
});

describe("a run", () => {
  /** One guest between a source of frames and a sink. */
  const runThrough = async (guest: Uint8Array, frames: readonly Frame[], giveUpAfter: number) => {
    const policy = { ...defaultErrorPolicy, giveUpAfter };
    const runner = await stand.make(guest, { policy, limits: { maxExecutionMs: 250 } });
    const sink = new ListSink();
    const result = await runGraph({
      units: [{ id: "stage", runner, nodes: [{ id: "node", type: "TestNode", policy }], inputs: ["in"] }],
      connections: [],
      sources: [{ node: "node", port: "in", source: new ListSource(frames) }],
      sinks: [{ node: "node", port: "out", sink }],
    });
    return { ...result, sink };
  };

  it("gives up a guest that works once and then traps each time, with exit code 1", async () => {
    const fields = "(global $calls (mut i32) (i32.const 0))";
    // What a fresh instance can't know is told by the frame: only the first one is let through.
    const guest = await buildGuest({
      fields,
      process: `(if (i64.gt_s (local.get $pts) (i64.const 0)) (then unreachable))
      (call $ok (i32.const 0) (i32.const 0))`,
    });
    const frames = Array.from({ length: 10 }, (_, pts) => frameOf([0], pts));
    const { report, error } = await runThrough(guest, frames, 3);
    expect(report).toMatchObject({ outcome: "failed", error: { code: "node-gave-up" } });
    expect(report.nodes[0]!.errors.map(({ code }) => code)).toEqual(
      Array(report.nodes[0]!.errors.length).fill("node-trap"),
    );
    expect(report.nodes[0]!.errors.length).toBeGreaterThanOrEqual(3);
    expect(exitCodes[error!.family]).toBe(1);
    await stand.expectNeighbourUnharmed();
  });

  it("delivers the other frames in order when every third one loops, and reports each", async () => {
    const guest = await readGuest("looper");
    const frames = Array.from({ length: 10 }, (_, pts) => frameOf([pts % 3 === 2 ? 1 : 0, pts], pts));
    const { report, sink } = await runThrough(guest, frames, 5);
    expect(sink.frames.map(({ data }) => data[1])).toEqual([0, 1, 3, 4, 6, 7, 9]);
    expect(sink.ended).toBe("closed");
    expect(report).toMatchObject({ outcome: "done", frames_in: 10, frames_out: 7, frames_dropped: 3 });
    expect(report.nodes[0]!.errors.map(({ code, frame_pts }) => [code, frame_pts])).toEqual([
      ["node-timeout", 2],
      ["node-timeout", 5],
      ["node-timeout", 8],
    ]);
  });
});

it("a child without the address space for what its guest may have says -1 or is killed, and its parent goes on", async () => {
  // A spawner that grants much less than the stage has asked for.
  const tight: ChildSpawner = {
    spawn: (options) =>
      stand.spawner.spawn({ ...options, addressSpaceBytes: options.sharedBytes + 640 * 1024 * 1024 }),
  };
  await using pool = new SandboxPool({ spawner: tight, spares: 0 });
  const guest = await node("hog", readGuest("grower"), { limits: { maxMemoryBytes: 1024 * 1024 * 1024 } });
  await using runner = chainRunner(pool, [guest]);
  await runner.open();
  for (const pages of [250, 250, 250, 250, 250]) {
    const { emissions, failures } = await runner.process(frameOf([4, pages], 40));
    if (failures.length > 0) expect(["node-killed", "node-trap"]).toContain(failures[0]!.code);
    else expect(emissions.length).toBe(1);
  }
  expectEcho(await runner.process(frameOf([0, 7])), [0, 7]);
  await stand.expectNeighbourUnharmed();
});

it("a module that breaks its child by what it declares doesn't break its parent", async () => {
  const guest = buildGuest({ fields: "(table 131072 funcref) ".repeat(99) });
  const runner = stand.chain([await node("tables", guest)]);
  const thrown = await runner.open().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown !== undefined)
    expect(["node-killed", "node-trap", "module-limit"]).toContain((thrown as { code: string }).code);
  await stand.expectNeighbourUnharmed();
});
