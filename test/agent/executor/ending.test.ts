// How a run ends by failure: of a node, a runner, a source, a sink; and what is closed then.
import { describe, expect, it } from "vitest";
import { runGraph } from "../../../agent/executor/run-graph.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { FrameSource } from "../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import {
  connect,
  EndlessSource,
  type FakeUnit,
  frameAt,
  ListSink,
  ListSource,
  lineOf,
  mapUnit,
  passUnit,
  unitOf,
} from "./graph-fixture.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const frames = (count: number) => range(count).map((pts) => frameAt(pts));

/** Records the order in which things are closed. */
function recordClosing(units: readonly FakeUnit[], sinks: readonly ListSink[]): string[] {
  const order: string[] = [];
  for (const { id, runner } of units) {
    const close = runner.close.bind(runner);
    runner.close = () => {
      order.push(`close ${id}`);
      return close();
    };
  }
  for (const [i, sink] of sinks.entries()) {
    sink.close = async () => void order.push(`finish sink ${i}`);
    sink.abort = async () => void order.push(`abort sink ${i}`);
  }
  return order;
}

describe("a node that fails", () => {
  const failing =
    (code: "node-trap" | "node-bad-input", isFailing: (pts: number) => boolean) => (frame: Frame) => {
      if (isFailing(frame.pts)) throw new RemoteMediaError(code, `no ${frame.pts}`);
      return [{ ...frame, port: "out" }];
    };

  it("loses its frame, and the others arrive in order", async () => {
    const unit = mapUnit(
      "a",
      failing("node-trap", (pts) => pts % 3 === 2),
      { window: 4 },
    );
    const sink = new ListSink();
    const { report } = await runGraph(lineOf([unit], new ListSource(frames(9)), sink));
    expect(sink.pts).toEqual([0, 1, 3, 4, 6, 7]);
    expect(report).toMatchObject({ outcome: "done", frames_in: 9, frames_out: 6, frames_dropped: 3 });
    expect(report.nodes[0]!.errors.map(({ code, frame_pts }) => [code, frame_pts])).toEqual([
      ["node-trap", 2],
      ["node-trap", 5],
      ["node-trap", 8],
    ]);
  });

  it("ends the run as node-gave-up when it fails as often in a row as its policy allows", async () => {
    const unit = mapUnit(
      "a",
      failing("node-trap", (pts) => pts >= 4),
      { policy: { giveUpAfter: 3 } },
    );
    const source = new ListSource(frames(100));
    const sink = new ListSink();
    const { report, error } = await runGraph(lineOf([unit], source, sink));
    expect(report).toMatchObject({
      outcome: "failed",
      error: { code: "node-gave-up", where: { node: "a" } },
      frames_dropped: 3,
    });
    expect(report.error!.message).toContain("3 times in a row");
    expect((error!.cause as RemoteMediaError).code).toBe("node-trap");
    expect(sink.ended).toBe("aborted");
    expect(unit.runner).toMatchObject({ isClosed: true, isFlushed: false });
    expect(source.isReleased).toBe(true);
  });

  it("ends the run at its first failure when its policy is to stop", async () => {
    const unit = mapUnit(
      "a",
      failing("node-bad-input", (pts) => pts === 2),
      { policy: { action: "stop" } },
    );
    const sink = new ListSink();
    const { report } = await runGraph(lineOf([unit], new ListSource(frames(100)), sink));
    expect(report).toMatchObject({ outcome: "failed", error: { code: "node-bad-input", message: "no 2" } });
    expect(sink.ended).toBe("aborted");
  });

  it("is reported when it fails in flush, without a frame", async () => {
    const unit = unitOf("a", () => ({
      process: () => [],
      flush: () => {
        throw new RemoteMediaError("node-timeout", "too long");
      },
    }));
    const { report } = await runGraph(lineOf([unit], new ListSource(frames(2)), new ListSink()));
    expect(report).toMatchObject({ outcome: "done", frames_dropped: 0 });
    expect(report.nodes[0]!.errors).toMatchObject([{ code: "node-timeout", frame_pts: null }]);
  });
});

describe("a runner", () => {
  it("that doesn't open ends the run before anything is read, and all are closed", async () => {
    const refusing = unitOf("b", () => {
      throw new RemoteMediaError("node-invalid-params", "factor is missing", { where: { node: "b" } });
    });
    const units = [passUnit("a"), refusing, passUnit("c")];
    const source = new ListSource(frames(3));
    const sink = new ListSink();
    const { report, error } = await runGraph(lineOf(units, source, sink));
    expect(report).toMatchObject({
      outcome: "failed",
      error: { code: "node-invalid-params", where: { node: "b" } },
    });
    expect(error).toBeInstanceOf(RemoteMediaError);
    expect(source.readCount).toBe(0);
    expect(sink.ended).toBe("aborted");
    expect(units.every(({ runner }) => runner.isClosed)).toBe(true);
  });

  it("that can't go on ends the run with its error", async () => {
    const unit = passUnit("a");
    unit.runner.process = async () => {
      throw new RemoteMediaError("sandbox-failed", "the child is gone");
    };
    const sink = new ListSink();
    const { report } = await runGraph(lineOf([unit, passUnit("b")], new ListSource(frames(3)), sink));
    expect(report).toMatchObject({ outcome: "failed", error: { code: "sandbox-failed" } });
    expect(sink.ended).toBe("aborted");
  });

  it("that throws at once instead of rejecting is a defect, told as internal", async () => {
    const unit = passUnit("a");
    unit.runner.process = () => {
      throw new TypeError("not a promise");
    };
    const { report } = await runGraph(lineOf([unit], new ListSource(frames(3)), new ListSink()));
    expect(report).toMatchObject({
      outcome: "failed",
      error: { code: "internal", message: "not a promise" },
    });
    expect(unit.runner.isClosed).toBe(true);
  });
});

describe("a graph that names what it doesn't have", () => {
  it.each([
    ["node", connect("a", "nowhere", 0)],
    ["node", connect("nowhere", "a", 0)],
    ["input", connect("a", "b.side", 0)],
  ])("is a defect of ours: no such %s", async (_what, connection) => {
    const sink = new ListSink();
    const options = lineOf([passUnit("a"), passUnit("b")], new ListSource([]), sink);
    const { report } = await runGraph({ ...options, connections: [connection] });
    expect(report).toMatchObject({ outcome: "failed", error: { code: "internal" } });
    expect(sink.ended).toBe("aborted");
  });

  it("or that is a circle, ends with an error instead of waiting for ever", async () => {
    const units = [passUnit("a"), passUnit("b")];
    const { report } = await runGraph({
      ...lineOf(units, new ListSource([]), new ListSink()),
      connections: [connect("a", "b", 0), connect("b", "a", 1)],
    });
    expect(report).toMatchObject({ outcome: "failed", error: { code: "internal" } });
  });
});

describe("a source that breaks off", () => {
  it("has what it gave before drained through, and the run fails with its error", async () => {
    const source: FrameSource = {
      async *frames() {
        yield* frames(5);
        throw new RemoteMediaError("input-broken", "cut short");
      },
    };
    const other = new EndlessSource(frames(2));
    const sink = new ListSink();
    const units = [passUnit("a", { inputs: ["in", "side"] }), passUnit("b")];
    const options = lineOf(units, source, sink);
    const { report } = await runGraph({
      ...options,
      sources: [...options.sources, { node: "a", port: "side", source: other }],
    });
    expect(report).toMatchObject({ outcome: "failed", error: { code: "input-broken" }, frames_out: 7 });
    expect(sink.pts).toEqual([0, 0, 1, 1, 2, 3, 4]);
    expect(sink.ended).toBe("closed");
    expect(other.isReleased).toBe(true);
    expect(units.every(({ runner }) => runner.isFlushed)).toBe(true);
  });
});

describe("a sink that breaks", () => {
  const fullAfter = (count: number) => {
    const sink = new ListSink(async () => {
      if (sink.frames.length === count) throw new RemoteMediaError("output-failed", "no space left");
    });
    return sink;
  };

  it("stops the run at once, and sinks and runners are closed in reverse order", async () => {
    const units = [passUnit("a"), passUnit("b")];
    const sinks = [fullAfter(3), new ListSink()];
    const order = recordClosing(units, sinks);
    const source = new ListSource(frames(10_000));
    const options = lineOf(units, source, sinks[0]!);
    const { report } = await runGraph({
      ...options,
      sinks: [...options.sinks, { node: "a", port: "out", sink: sinks[1]! }],
    });
    expect(report).toMatchObject({ outcome: "failed", error: { code: "output-failed" } });
    expect(sinks[0]!.pts).toEqual([0, 1, 2]);
    expect(source.readCount).toBeLessThan(500);
    expect(source.isReleased).toBe(true);
    expect(order).toEqual(["abort sink 1", "abort sink 0", "close b", "close a"]);
  });

  it("in close, is aborted and fails the run, while the others are finished", async () => {
    const units = [passUnit("a")];
    const sinks = [new ListSink(), new ListSink()];
    const order = recordClosing(units, sinks);
    sinks[0]!.close = async () => {
      throw new RemoteMediaError("output-failed", "no space for the header");
    };
    const { report } = await runGraph({
      ...lineOf(units, new ListSource(frames(1)), sinks[0]!),
      sinks: sinks.map((sink) => ({ node: "a", port: "out", sink })),
    });
    expect(report).toMatchObject({ outcome: "failed", error: { code: "output-failed" } });
    expect(order).toEqual(["abort sink 0", "finish sink 1", "close a"]);
  });
});

describe("tearing down", () => {
  it("runs every step when steps fail, and tells every failure beside the first error", async () => {
    const units = [passUnit("a"), passUnit("b")];
    const sink = new ListSink(async () => {
      throw new RemoteMediaError("output-failed", "closed pipe");
    });
    sink.abort = async () => {
      throw new Error("abort failed");
    };
    for (const { id, runner } of units) {
      const close = runner.close.bind(runner);
      runner.close = async () => {
        await close();
        throw new RemoteMediaError("sandbox-failed", `${id} is still alive`);
      };
    }
    const { report } = await runGraph(lineOf(units, new ListSource(frames(1)), sink));
    expect(report.error).toMatchObject({ code: "output-failed", message: "closed pipe" });
    expect(report.teardown_errors!.map(({ message }) => message)).toEqual([
      "abort failed",
      "b is still alive",
      "a is still alive",
    ]);
    expect(units.every(({ runner }) => runner.isClosed)).toBe(true);
  });

  it("fails a run that was done when a runner can't be closed", async () => {
    const unit = passUnit("a");
    unit.runner.close = async () => {
      throw new RemoteMediaError("sandbox-failed", "still alive");
    };
    const { report } = await runGraph(lineOf([unit], new ListSource(frames(1)), new ListSink()));
    expect(report).toMatchObject({ outcome: "failed", error: { code: "sandbox-failed" }, frames_out: 1 });
    expect(report.teardown_errors).toBeUndefined();
  });
});
