// How a run ends that is asked to: drained at the first word, stopped at once at the second.
import { describe, expect, it } from "vitest";
import { runGraph } from "../../../agent/executor/run-graph.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { FrameSource } from "../../../agent/node/runner.ts";
import { EndlessSource, frameAt, ListSink, ListSource, lineOf, passUnit, unitOf } from "./graph-fixture.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const frames = (count: number) => range(count).map((pts) => frameAt(pts));

describe("an interrupt", () => {
  it("ends the sources, flushes everything and closes the sinks", async () => {
    const drain = new AbortController();
    const holding = unitOf("a", () => {
      const held: Frame[] = [];
      return {
        process: (frame) => {
          held.push({ ...frame, port: "out" });
          if (held.length === 3) drain.abort();
          return [];
        },
        flush: () => held,
      };
    });
    const source = new EndlessSource(frames(3));
    const sink = new ListSink();
    const { report } = await runGraph({ ...lineOf([holding], source, sink), drain: drain.signal });
    expect(report).toMatchObject({ outcome: "interrupted", frames_in: 3, frames_out: 3 });
    expect(report.error).toBeUndefined();
    expect(sink.ended).toBe("closed");
    expect(source.isReleased).toBe(true);
  });

  it("ends a source that doesn't heed its signal, and one that waits for room", async () => {
    const drain = new AbortController();
    const source = new ListSource(
      (function* () {
        for (let pts = 0; ; pts++) yield frameAt(pts);
      })(),
    );
    const sink = new ListSink(async ({ pts }) => {
      if (pts === 500) drain.abort();
    });
    const { report } = await runGraph({ ...lineOf([passUnit("a")], source, sink), drain: drain.signal });
    expect(report.outcome).toBe("interrupted");
    expect(sink.pts).toEqual(range(source.readCount));
    expect(source.readCount).toBeLessThan(700);
    expect(source.isReleased).toBe(true);
  });

  it("before the run reads nothing, and after the sources have ended changes nothing", async () => {
    const source = new ListSource(frames(3));
    const early = await runGraph({
      ...lineOf([passUnit("a")], source, new ListSink()),
      drain: AbortSignal.abort(),
    });
    expect(early.report).toMatchObject({ outcome: "interrupted", frames_in: 0 });
    expect(source.readCount).toBe(0);
    const drain = new AbortController();
    const sink = new ListSink(async () => {
      // Reading is long over when the last of a few frames is written.
      for (let i = 0; i < 50; i++) await Promise.resolve();
      drain.abort();
    });
    const late = await runGraph({
      ...lineOf([passUnit("a")], new ListSource(frames(2)), sink),
      drain: drain.signal,
    });
    expect(late.report).toMatchObject({ outcome: "done", frames_out: 2 });
  });
});

describe("a stop", () => {
  it("gives up calls and writes that hang, closes the runners and aborts the sinks", async () => {
    const stop = new AbortController();
    const never = new Promise<void>(() => {});
    const units = [passUnit("a"), passUnit("stuck", { delay: () => never })];
    const sink = new ListSink(() => never);
    const source = new EndlessSource(frames(3));
    const options = lineOf(units, source, sink);
    const running = runGraph({
      ...options,
      sinks: [...options.sinks, { node: "a", port: "out", sink }],
      stop: stop.signal,
    });
    for (let i = 0; i < 200; i++) await Promise.resolve();
    stop.abort();
    const { report, error } = await running;
    expect(report).toMatchObject({ outcome: "stopped", frames_in: 3, frames_out: 0 });
    expect(error).toBeUndefined();
    expect(sink.ended).toBe("aborted");
    expect(units.every(({ runner }) => runner.isClosed)).toBe(true);
    expect(source.isReleased).toBe(true);
  });

  it("doesn't wait for a source that hangs", async () => {
    const stop = new AbortController();
    const hanging: FrameSource = {
      async *frames() {
        yield frameAt(1);
        await new Promise(() => {});
      },
    };
    const sink = new ListSink(async () => stop.abort());
    const { report } = await runGraph({ ...lineOf([passUnit("a")], hanging, sink), stop: stop.signal });
    expect(report.outcome).toBe("stopped");
    expect(sink.ended).toBe("aborted");
  });

  it("while runners open, closes them", async () => {
    const stop = new AbortController();
    const unit = passUnit("a");
    unit.runner.open = async () => {
      stop.abort();
      await new Promise(() => {});
    };
    const { report } = await runGraph({
      ...lineOf([unit], new ListSource(frames(1)), new ListSink()),
      stop: stop.signal,
    });
    expect(report.outcome).toBe("stopped");
    expect(unit.runner.isClosed).toBe(true);
  });

  it("while a sink is being finished, aborts it", async () => {
    const stop = new AbortController();
    const sink = new ListSink();
    sink.close = async () => {
      stop.abort();
      await new Promise(() => {});
    };
    const { report } = await runGraph({
      ...lineOf([passUnit("a")], new ListSource(frames(1)), sink),
      stop: stop.signal,
    });
    expect(report.outcome).toBe("stopped");
    expect(sink.ended).toBe("aborted");
  });
});
