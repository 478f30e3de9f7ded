// The executor on small graphs: flow, back-pressure, fan-out, merges, flush and the report.
import { describe, expect, it } from "vitest";
import { type RunOptions, runGraph } from "../../../agent/executor/run-graph.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import { FakeClock } from "../../../platform/fake/clock.ts";
import { connect, frameAt, ListSink, ListSource, mapUnit, passUnit, unitOf } from "./graph-fixture.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** source → units in a row → sink. */
function line(units: RunOptions["units"], frames: Iterable<Frame>, sink = new ListSink()) {
  const source = new ListSource(frames);
  const graph: RunOptions = {
    units,
    connections: units.slice(1).map((unit, i) => connect(units[i]!.id, unit.id, i)),
    sources: [{ node: units[0]!.id, port: "in", source }],
    sinks: [{ node: units.at(-1)!.id, port: "out", sink }],
  };
  return { graph, source, sink };
}

describe("a graph in a row", () => {
  it("carries every frame from source to sink, in order, and closes everything", async () => {
    const units = [passUnit("a"), passUnit("b", { window: 4 }), passUnit("c")];
    const { graph, source, sink } = line(
      units,
      range(500).map((pts) => frameAt(pts)),
    );
    const { report, error } = await runGraph(graph);
    expect(error).toBeUndefined();
    expect(report).toMatchObject({ outcome: "done", frames_in: 500, frames_out: 500, frames_dropped: 0 });
    expect(sink.pts).toEqual(range(500));
    expect(sink.ended).toBe("closed");
    expect(source.isReleased).toBe(true);
    for (const { runner } of units) {
      expect(runner).toMatchObject({ isOpen: true, isFlushed: true, isClosed: true });
    }
  });

  it("gives a unit frames under its input's name and the sink frames under the output's, or as it is bound", async () => {
    const seen: string[] = [];
    const tap = mapUnit("a", (frame) => {
      seen.push(frame.port);
      return [{ ...frame, port: "out" }];
    });
    const sink = new ListSink();
    const renamed = new ListSink();
    await runGraph({
      ...line([tap], [frameAt(1, "anything")], sink).graph,
      sinks: [
        { node: "a", port: "out", sink },
        { node: "a", port: "out", sink: renamed, as: "a.out" },
      ],
    });
    expect(seen).toEqual(["in"]);
    expect(sink.frames[0]!.port).toBe("out");
    expect(renamed.frames[0]!.port).toBe("a.out");
  });

  it("stalls the source while the sink is slow, with bounded memory", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const units = [passUnit("a"), passUnit("b", { window: 3 })];
    const { graph, source, sink } = line(
      units,
      range(1000).map((pts) => frameAt(pts)),
      new ListSink(() => gate),
    );
    const running = runGraph({ ...graph, queue: { frames: 8 } });
    await settle();
    // Three channels of 8 and the one outcome that puts each over, the windows of 1 and 3, one frame in the sink.
    expect(source.readCount).toBe(3 * 9 + 1 + 3 + 1);
    await settle();
    expect(source.readCount).toBe(32);
    open();
    await running;
    expect(sink.pts).toEqual(range(1000));
  });

  it("counts bytes too, and lets a frame through that is larger than the limit", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const frames = range(20).map((pts) => frameAt(pts, "out", new Uint8Array(100)));
    const { graph, source, sink } = line([passUnit("a")], frames, new ListSink(() => gate));
    const running = runGraph({ ...graph, queue: { bytes: 50 } });
    await settle();
    // One in each of two channels, one call, one write.
    expect(source.readCount).toBe(4);
    open();
    await running;
    expect(sink.frames).toHaveLength(20);
  });

  it("has no more bytes with a runner at once than a connection may hold, whatever its window", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const inFlight = { now: 0, most: 0 };
    const unit = passUnit("a", { window: 32 });
    const process = unit.runner.process.bind(unit.runner);
    unit.runner.process = async (frame) => {
      inFlight.most = Math.max(inFlight.most, ++inFlight.now);
      await gate;
      const outcome = await process(frame);
      inFlight.now--;
      return outcome;
    };
    const frames = range(50).map((pts) => frameAt(pts, "out", new Uint8Array(100)));
    const { graph, sink } = line([unit], frames);
    const running = runGraph({ ...graph, queue: { bytes: 450 } });
    await settle();
    expect(inFlight.now).toBe(5);
    open();
    await running;
    expect(inFlight.most).toBeLessThanOrEqual(5);
    expect(sink.pts).toEqual(range(50));
  });

  it("flushes in the order of the graph, what one unit flushes reaching the next before its own flush", async () => {
    const order: string[] = [];
    const holding = (id: string) =>
      unitOf(id, () => {
        const held: Frame[] = [];
        return {
          process: (frame) => {
            order.push(`${id} ${frame.pts}`);
            held.push({ ...frame, port: "out" });
            return [];
          },
          flush: () => {
            order.push(`${id} flush`);
            return held;
          },
        };
      });
    const { graph, sink } = line([holding("a"), holding("b")], [frameAt(1), frameAt(2)]);
    await runGraph(graph);
    expect(order).toEqual(["a 1", "a 2", "a flush", "b 1", "b 2", "b flush"]);
    expect(sink.pts).toEqual([1, 2]);
  });

  it("runs a graph whose source gives nothing, and one without a source", async () => {
    const empty = line([passUnit("a")], []);
    expect((await runGraph(empty.graph)).report.outcome).toBe("done");
    expect(empty.sink.ended).toBe("closed");
    const generator = unitOf("g", () => ({ process: () => [], flush: () => [frameAt(7)] }));
    const sink = new ListSink();
    const { report } = await runGraph({
      units: [generator],
      connections: [],
      sources: [],
      sinks: [{ node: "g", port: "out", sink }],
    });
    expect(report.outcome).toBe("done");
    expect(sink.pts).toEqual([7]);
  });
});

describe("fan-out", () => {
  it("hands every consumer the same bytes, not a copy", async () => {
    const data = new Uint8Array([1, 2, 3]);
    const seen: Uint8Array[] = [];
    const tap = (id: string) =>
      mapUnit(id, (frame) => {
        seen.push(frame.data);
        return [];
      });
    const sink = new ListSink();
    await runGraph({
      units: [passUnit("a"), tap("b"), tap("c")],
      connections: [connect("a", "b", 0), connect("a", "c", 1)],
      sources: [{ node: "a", port: "in", source: new ListSource([frameAt(1, "out", data)]) }],
      sinks: [{ node: "a", port: "out", sink }],
    });
    expect(seen).toHaveLength(2);
    for (const got of [...seen, sink.frames[0]!.data]) expect(got).toBe(data);
  });

  it("reads a source once that is bound to two inputs", async () => {
    const source = new ListSource([frameAt(1), frameAt(2)]);
    const sinks = [new ListSink(), new ListSink()] as const;
    const { report } = await runGraph({
      units: [passUnit("a"), passUnit("b")],
      connections: [],
      sources: [
        { node: "a", port: "in", source },
        { node: "b", port: "in", source },
      ],
      sinks: [
        { node: "a", port: "out", sink: sinks[0] },
        { node: "b", port: "out", sink: sinks[1] },
      ],
    });
    expect(source.readCount).toBe(2);
    expect(report.frames_in).toBe(2);
    expect(sinks.map((sink) => sink.pts)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("discards what leaves by a port that nothing is connected to", async () => {
    const both = mapUnit("a", (frame) => [frameAt(frame.pts, "out"), frameAt(frame.pts, "other")]);
    const { graph, sink } = line([both], [frameAt(1)]);
    const { report } = await runGraph(graph);
    expect(sink.frames.map(({ port }) => port)).toEqual(["out"]);
    expect(report).toMatchObject({ outcome: "done", frames_dropped: 0 });
  });
});

describe("the report", () => {
  it("is plain JSON with the contract's names", async () => {
    const clock = new FakeClock();
    const slow = mapUnit("a", (frame) => {
      clock.advance(25);
      if (frame.pts === 2) throw new Error("unreachable");
      return [frame];
    });
    const { graph } = line([slow], [frameAt(1), frameAt(2), frameAt(3)]);
    const { report } = await runGraph({ ...graph, clock });
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      outcome: "done",
      frames_in: 3,
      frames_out: 0,
      frames_dropped: 1,
      wall_ms: 75,
      nodes: [
        {
          node: "a",
          node_type: "Fake",
          frames_in: 3,
          frames_out: 2,
          errors: [{ node: "a", node_type: "Fake", code: "node-trap", message: "unreachable", frame_pts: 2 }],
          errors_total: 1,
          restarts: 1,
          time_ms: { p50: 0, p95: 0, p99: 0, max: 0, total: 0 },
          fuel: 0,
          memory_peak_bytes: 0,
          placed_on: "local",
        },
      ],
    });
  });

  it("writes fuel as a number while that is exact, else as a string", async () => {
    const { graph } = line([passUnit("a"), passUnit("b")], []);
    for (const [fuel, written] of [
      [2n ** 53n - 1n, 9007199254740991],
      [2n ** 53n, "9007199254740992"],
    ] as const) {
      const { runner } = graph.units[0]!;
      const metrics = { ...runner.metrics().get("a")!, fuel };
      runner.metrics = () => new Map([["a", metrics]]);
      const { report } = await runGraph(graph);
      expect(report.nodes[0]!.fuel).toBe(written);
    }
  });

  it("keeps the first thousand failures of a node and counts the rest", async () => {
    let calls = 0;
    const flaky = mapUnit("a", () => {
      calls++;
      if (calls % 2 === 0) return [];
      throw new Error("every other frame");
    });
    const { graph } = line(
      [flaky],
      range(2400).map((pts) => frameAt(pts)),
    );
    const { report } = await runGraph(graph);
    expect(report.outcome).toBe("done");
    expect(report.nodes[0]!.errors).toHaveLength(1000);
    expect(report.nodes[0]!.errors_total).toBe(1200);
    expect(report.frames_dropped).toBe(1200);
  });

  it("tells progress at most every 100 ms, and once at the end", async () => {
    const clock = new FakeClock();
    const told: unknown[] = [];
    const ticking = mapUnit("a", (frame) => {
      clock.advance(10);
      return [{ ...frame, port: "out" }];
    });
    const source = new ListSource(
      range(40).map((pts) => frameAt(pts)),
      40,
    );
    const { graph } = line([ticking], []);
    await runGraph({
      ...graph,
      sources: [{ node: "a", port: "in", source }],
      clock,
      onProgress: (progress) => told.push(progress),
    });
    expect(told).toHaveLength(5);
    const end = { framesIn: 40, framesOut: 40, framesDropped: 0, ptsUs: 39, durationUs: 40 };
    expect(told.at(-1)).toEqual(end);
  });
});

/** Lets everything happen that needs no outside event. */
async function settle(): Promise<void> {
  for (let i = 0; i < 2000; i++) await Promise.resolve();
}
