// Sources and sinks that are nodes of the graph: a camera in front, a loudspeaker behind.
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../agent/executor/graph.ts";
import { runGraph } from "../../../agent/executor/run-graph.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { FrameSource, SourceMetrics, TimeMark } from "../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { connect, frameAt, ListSink, ListSource, passUnit } from "./graph-fixture.ts";

/** A source that gives what a test hands it, when it does. */
class LiveSource implements FrameSource {
  readonly #given: (Frame | TimeMark)[] = [];
  #wake = Promise.withResolvers<void>();

  give(...items: (Frame | TimeMark)[]): void {
    this.#given.push(...items);
    this.#wake.resolve();
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Frame | TimeMark> {
    signal.addEventListener("abort", () => this.#wake.resolve(), { once: true });
    while (!signal.aborted) {
      const next = this.#given.shift();
      if (next !== undefined) yield next;
      else {
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
      }
    }
  }
}

function sourceNode(id: string, source: FrameSource) {
  return { id, type: "FakeSource", source };
}

function sinkNode(id: string, sink: ListSink, inputs: readonly string[] = ["in"]) {
  return { id, type: "FakeSink", sink, inputs };
}

const empty: Graph = { units: [], connections: [], sources: [], sinks: [] };

/** Frames of one sink, as `port@pts`, and a way to wait for so many of them. */
class WatchedSink extends ListSink {
  #waiting: { count: number; resolve: () => void } | undefined;

  override async write(frame: Frame): Promise<void> {
    await super.write(frame);
    if (this.#waiting !== undefined && this.frames.length >= this.#waiting.count) this.#waiting.resolve();
  }

  async has(count: number): Promise<string[]> {
    if (this.frames.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = { count, resolve };
      await promise;
    }
    return this.frames.map(({ port, pts }) => `${port}@${pts}`);
  }
}

describe("a source node", () => {
  test("sends each port's frames where that port is connected, and discards the others", async () => {
    const pictures = new ListSink();
    const sounds = new ListSink();
    const frames = [frameAt(0, "video"), frameAt(5, "audio"), frameAt(7, "subtitles"), frameAt(10, "video")];
    const { report } = await runGraph({
      ...empty,
      units: [passUnit("look")],
      sourceNodes: [sourceNode("camera", new ListSource(frames))],
      sinkNodes: [sinkNode("ear", sounds)],
      connections: [connect("camera.video", "look", 0), connect("camera.audio", "ear", 1)],
      sinks: [{ node: "look", port: "out", sink: pictures }],
    });
    expect(report.outcome).toBe("done");
    expect(pictures.pts).toEqual([0, 10]);
    expect(sounds.frames.map(({ port, pts }) => [port, pts])).toEqual([["in", 5]]);
    expect(report.frames_in).toBe(4);
  });

  test("keeps the times of its ports apart: one that is behind isn't merged as if it were not", async () => {
    const sink = new ListSink();
    const frames = [1, 2, 3].flatMap((at) => [frameAt(at * 10, "video"), frameAt(at * 10 - 4, "audio")]);
    await runGraph({
      ...empty,
      sourceNodes: [sourceNode("camera", new ListSource(frames))],
      sinkNodes: [sinkNode("file", sink, ["video", "audio"])],
      connections: [connect("camera.video", "file.video", 0), connect("camera.audio", "file.audio", 1)],
    });
    expect(sink.frames.map(({ port, pts }) => `${port}@${pts}`)).toEqual([
      "audio@6",
      "video@10",
      "audio@16",
      "video@20",
      "audio@26",
      "video@30",
    ]);
  });

  test("runs without a unit between it and a sink, and closes the sink", async () => {
    const sink = new ListSink();
    const { report } = await runGraph({
      ...empty,
      sourceNodes: [sourceNode("camera", new ListSource([frameAt(1), frameAt(2)]))],
      sinkNodes: [sinkNode("file", sink)],
      connections: [connect("camera", "file", 0)],
    });
    expect(sink.pts).toEqual([1, 2]);
    expect(sink.ended).toBe("closed");
    expect(report.frames_out).toBe(2);
  });

  test("that breaks off fails the run with its error, after what it gave has passed", async () => {
    const sink = new ListSink();
    const source: FrameSource = {
      async *frames() {
        yield frameAt(1);
        throw new RemoteMediaError("device-denied", "may not be read", { where: { node: "camera" } });
      },
    };
    const { report } = await runGraph({
      ...empty,
      sourceNodes: [sourceNode("camera", source)],
      sinkNodes: [sinkNode("file", sink)],
      connections: [connect("camera", "file", 0)],
    });
    expect(report.outcome).toBe("failed");
    expect(report.error).toMatchObject({ code: "device-denied", where: { node: "camera" } });
    expect(sink.pts).toEqual([1]);
  });

  test("is in the report with what it took, what it dropped and why it was lost", async () => {
    const metrics: SourceMetrics = {
      framesIn: 5,
      framesDropped: 3,
      restarts: 1,
      failures: [{ code: "device-missing", message: "unplugged", framePts: 7 }],
      failuresTotal: 4,
    };
    const source = {
      frames: () => new ListSource([frameAt(1), frameAt(2)]).frames(),
      metrics: () => metrics,
    };
    const { report } = await runGraph({
      ...empty,
      sourceNodes: [sourceNode("camera", source)],
      sinkNodes: [sinkNode("file", new ListSink())],
      connections: [connect("camera", "file", 0)],
    });
    expect(report.frames_dropped).toBe(3);
    expect(report.nodes).toMatchObject([
      {
        node: "camera",
        node_type: "FakeSource",
        frames_in: 5,
        frames_out: 2,
        restarts: 1,
        errors: [{ node: "camera", code: "device-missing", message: "unplugged", frame_pts: 7 }],
        errors_total: 4,
      },
      { node: "file", node_type: "FakeSink", frames_in: 2, frames_out: 0 },
    ]);
  });
});

describe("a live source that is silent", () => {
  /** Two sources into one sink, by a unit each where `through`. */
  function start(through: boolean) {
    const [left, right, sink, drain] = [
      new LiveSource(),
      new LiveSource(),
      new WatchedSink(),
      new AbortController(),
    ];
    const units = through ? [passUnit("by-left"), passUnit("by-right")] : [];
    const direct = [connect("left", "file.left", 0), connect("right", "file.right", 1)];
    const detour = [
      connect("left", "by-left", 0),
      connect("right", "by-right", 1),
      connect("by-left", "file.left", 2),
      connect("by-right", "file.right", 3),
    ];
    const ended = runGraph({
      ...empty,
      units,
      sourceNodes: [sourceNode("left", left), sourceNode("right", right)],
      sinkNodes: [sinkNode("file", sink, ["left", "right"])],
      connections: through ? detour : direct,
      drain: drain.signal,
    });
    return { left, right, sink, drain, ended };
  }

  test.each([
    ["at once", false],
    ["through nodes", true],
  ])("doesn't hold a merge any longer than its marks say, %s", async (_, through) => {
    const { left, right, sink, drain, ended } = start(through);
    left.give(frameAt(10), frameAt(20), frameAt(30));
    right.give({ mark: 25 });
    expect(await sink.has(2)).toEqual(["left@10", "left@20"]);
    right.give(frameAt(27), { mark: 31 });
    expect(await sink.has(4)).toEqual(["left@10", "left@20", "right@27", "left@30"]);
    drain.abort();
    expect((await ended).report).toMatchObject({ outcome: "interrupted", frames_in: 4, frames_out: 4 });
  });

  test("keeps a frame that is older than its mark, merged where the mark stood", async () => {
    const { left, right, sink, drain, ended } = start(false);
    right.give({ mark: 100 }, frameAt(50));
    left.give(frameAt(60), frameAt(101));
    right.give({ mark: 200 });
    expect(await sink.has(3)).toEqual(["left@60", "right@50", "left@101"]);
    drain.abort();
    await ended;
  });

  test("may mark one port only", async () => {
    const camera = new LiveSource();
    const sink = new WatchedSink();
    const drain = new AbortController();
    const ended = runGraph({
      ...empty,
      sourceNodes: [sourceNode("camera", camera)],
      sinkNodes: [sinkNode("file", sink, ["video", "audio"])],
      connections: [connect("camera.video", "file.video", 0), connect("camera.audio", "file.audio", 1)],
      drain: drain.signal,
    });
    camera.give(frameAt(10, "video"), { mark: 50, port: "nowhere" }, { mark: 11, port: "audio" });
    expect(await sink.has(1)).toEqual(["video@10"]);
    drain.abort();
    await ended;
  });
});
