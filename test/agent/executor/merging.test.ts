// Merges: order by pts, ties by the manifest's order, and no standstill whatever the branches keep back.
import { describe, expect, it } from "vitest";
import { type RunOptions, runGraph } from "../../../agent/executor/run-graph.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import { connect, frameAt, ListSink, ListSource, mapUnit, passUnit, unitOf } from "./graph-fixture.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const named = (id: string) => (frame: Frame) => [
  { ...frame, port: "out", data: new TextEncoder().encode(id) },
];
const nameOf = (frame: Frame) => new TextDecoder().decode(frame.data);

/** source → split → each branch → join → sink. */
async function runDiamond(
  branches: RunOptions["units"],
  frames: Iterable<Frame>,
  options: { queue?: RunOptions["queue"]; orders?: readonly number[] } = {},
) {
  const sink = new ListSink();
  const { report } = await runGraph({
    units: [passUnit("split"), ...branches, passUnit("join")],
    connections: branches.flatMap(({ id }, i) => [
      connect("split", id, 100 + i),
      connect(id, "join", options.orders?.[i] ?? i),
    ]),
    sources: [{ node: "split", port: "in", source: new ListSource(frames) }],
    sinks: [{ node: "join", port: "out", sink }],
    queue: options.queue ?? {},
  });
  return { report, sink };
}

describe("a merge", () => {
  it("orders two sources by pts", async () => {
    const sink = new ListSink();
    await runGraph({
      units: [passUnit("a", { inputs: ["left", "right"] })],
      connections: [],
      sources: [
        { node: "a", port: "left", source: new ListSource([1, 4, 5, 9].map((pts) => frameAt(pts))) },
        { node: "a", port: "right", source: new ListSource([2, 3, 6, 7, 8].map((pts) => frameAt(pts))) },
      ],
      sinks: [{ node: "a", port: "out", sink }],
    });
    expect(sink.pts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each([
    [[0, 1], "ab"],
    [[1, 0], "ba"],
  ])("breaks ties by the connections' order %j", async (orders, expected) => {
    const branches = [mapUnit("a", named("a")), mapUnit("b", named("b"))];
    const frames = range(50).map((pts) => frameAt(pts));
    const { sink } = await runDiamond(branches, frames, { orders });
    expect(sink.frames.map(nameOf).join("")).toBe(expected.repeat(50));
    expect(sink.pts).toEqual(range(50).flatMap((pts) => [pts, pts]));
  });

  it("orders outputs that share a sink", async () => {
    const sink = new ListSink();
    const split = mapUnit("a", (frame) => [
      frameAt(frame.pts, "audio"),
      ...(frame.pts % 3 === 0 ? [frameAt(frame.pts, "events")] : []),
    ]);
    await runGraph({
      units: [split],
      connections: [],
      sources: [{ node: "a", port: "in", source: new ListSource(range(7).map((pts) => frameAt(pts))) }],
      sinks: [
        { node: "a", port: "events", sink },
        { node: "a", port: "audio", sink },
      ],
    });
    expect(sink.frames.map(({ pts, port }) => `${pts}${port[0]}`).join(" ")).toBe(
      "0e 0a 1a 2a 3e 3a 4a 5a 6e 6a",
    );
  });

  it.each([1, 2, 64])("doesn't wait for a branch that is silent (queues of %d)", async (queueFrames) => {
    const silent = () => mapUnit("quiet", (frame) => (frame.pts === 997 ? [{ ...frame, port: "out" }] : []));
    const frames = range(1000).map((pts) => frameAt(pts));
    for (const branches of [
      [silent(), passUnit("direct")],
      [passUnit("direct"), silent()],
    ]) {
      const { sink, report } = await runDiamond(branches, frames, { queue: { frames: queueFrames } });
      expect(report.outcome).toBe("done");
      expect(sink.pts).toEqual([...range(998), 997, 998, 999]);
    }
  });

  it("passes a frame on as soon as the silent branch has handled its input, not when queues are full", async () => {
    const written = Promise.withResolvers<void>();
    const sink = new ListSink(async ({ pts }) => {
      if (pts === 1) written.resolve();
    });
    const source = {
      async *frames() {
        yield frameAt(1);
        // Ends only when the first frame has been seen at the far end.
        await written.promise;
      },
    };
    const { report } = await runGraph({
      units: [passUnit("split"), mapUnit("quiet", () => []), passUnit("deaf"), passUnit("join")],
      connections: [
        connect("split", "quiet", 0),
        connect("quiet", "deaf", 1),
        connect("deaf", "join", 2),
        connect("split", "join", 3),
      ],
      sources: [{ node: "split", port: "in", source }],
      sinks: [{ node: "join", port: "out", sink }],
    });
    expect(report.outcome).toBe("done");
    expect(sink.pts).toEqual([1]);
  });

  it("learns how far an accumulator lags behind, and orders by pts from then on", async () => {
    const accumulator = unitOf("acc", () => {
      let held: Frame[] = [];
      return {
        process(frame) {
          held.push(frame);
          if (held.length < 10) return [];
          const [first] = held;
          held = [];
          return [{ ...first!, port: "out", data: new Uint8Array([1]) }];
        },
      };
    });
    const frames = range(100).map((pts) => frameAt(pts * 1000));
    const { sink } = await runDiamond([accumulator, passUnit("direct")], frames);
    const chunks = sink.frames.map(({ pts, data }, at) => ({ pts, at, isChunk: data.length === 1 }));
    const [first, ...later] = chunks.filter(({ isChunk }) => isChunk);
    // The first chunk stands where its last input stands; the lag wasn't known.
    expect(chunks[first!.at - 1]!.pts).toBe(8000);
    for (const { pts, at } of later)
      expect([chunks[at - 1]!.pts, chunks[at + 1]!.pts]).toEqual([pts - 1000, pts]);
    expect(later).toHaveLength(9);
  });

  it.each([1, 64])(
    "doesn't stand still when a branch shifts pts into the future (queues of %d)",
    async (frames) => {
      const delay = mapUnit("delay", (frame) => [{ ...frame, port: "out", pts: frame.pts + 1_000_000 }]);
      const input = range(500).map((pts) => frameAt(pts * 1000));
      const { sink, report } = await runDiamond([delay, passUnit("direct")], input, { queue: { frames } });
      expect(report.outcome).toBe("done");
      const direct = sink.pts.filter((_, at) => sink.frames[at]!.pts < 1_000_000);
      expect(sink.frames).toHaveLength(1000);
      expect(direct).toEqual(direct.toSorted((one, other) => one - other));
    },
  );

  it.each([1, 3])(
    "keeps together what came of one frame when every pts is the same (queues of %d)",
    async (frames) => {
      let count = 0;
      const half = mapUnit("half", (frame) => (count++ % 2 === 0 ? named("h")(frame) : []));
      const input = range(200).map(() => frameAt(0));
      const branches = [half, mapUnit("direct", named("d"))];
      const { sink, report } = await runDiamond(branches, input, { queue: { frames } });
      expect(report.outcome).toBe("done");
      expect(sink.frames.map(nameOf).join("")).toBe("hdd".repeat(100));
    },
  );

  it("takes a source's frames as they come where its pts fall, and loses none", async () => {
    const sink = new ListSink();
    await runGraph({
      units: [passUnit("a", { inputs: ["left", "right"] })],
      connections: [],
      sources: [
        { node: "a", port: "left", source: new ListSource([10, 40, 20, 30, 50].map((pts) => frameAt(pts))) },
        { node: "a", port: "right", source: new ListSource([15, 45, 55].map((pts) => frameAt(pts))) },
      ],
      sinks: [{ node: "a", port: "out", sink }],
    });
    expect(sink.pts).toEqual([10, 15, 40, 20, 30, 45, 50, 55]);
  });

  it("stays bounded when one branch is far ahead of the other", async () => {
    const waiting = Promise.withResolvers<void>();
    const source = new ListSource(range(1000).map((pts) => frameAt(pts)));
    const slow = passUnit("slow", { delay: () => waiting.promise });
    const sink = new ListSink();
    const running = runGraph({
      units: [passUnit("split"), slow, passUnit("join")],
      connections: [connect("split", "slow", 0), connect("slow", "join", 1), connect("split", "join", 2)],
      sources: [{ node: "split", port: "in", source }],
      sinks: [{ node: "join", port: "out", sink }],
      queue: { frames: 4 },
    });
    for (let i = 0; i < 2000; i++) await Promise.resolve();
    expect(source.readCount).toBeLessThanOrEqual(12);
    waiting.resolve();
    await running;
    expect(sink.pts).toEqual(range(1000).flatMap((pts) => [pts, pts]));
  });
});
