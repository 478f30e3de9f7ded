// SyntheticSource: exact times, the pace of devices, and what is given up when nobody takes it.
import { describe, expect, it } from "vitest";
import { syntheticSource } from "../../../../agent/native/nodes/synthetic-source.ts";
import { readCounter } from "../../../../agent/native/synthetic/frame-counter.ts";
import { nodeDescriptorSchema } from "../../../../agent/node/descriptor.ts";
import type { Frame } from "../../../../agent/node/frame.ts";
import { payloadProblem } from "../../../../agent/node/payload-check.ts";
import { type FrameSource, isTimeMark, type TimeMark } from "../../../../agent/node/runner.ts";
import { collectAll } from "../chunked.ts";
import { settle } from "../virtual-clock.ts";
import { testContext } from "./native-context.ts";

const never = new AbortController().signal;
const small = { width: 64, height: 48, signal: "silence" };

async function open(params: object, ...ports: string[]) {
  const context = testContext({ wanted: new Set(ports) });
  const source = await syntheticSource.openSource!({ ...params }, context);
  return { source, clock: context.clock };
}

const counterOf = ({ payload, data }: Frame) =>
  payload.kind === "video" ? readCounter({ ...payload, data }) : undefined;

/** Takes everything as soon as it comes. */
function taking(source: FrameSource, signal = never) {
  const given: (Frame | TimeMark)[] = [];
  const done = (async () => {
    for await (const one of source.frames(signal)) given.push(one);
  })();
  return { given, frames: () => given.filter((one) => !isTimeMark(one)) as Frame[], done };
}

describe("SyntheticSource that isn't in real time", () => {
  it("gives every frame of its duration with exact times, from 0, and the same always", async () => {
    const params = { ...small, fps: 29.97, frame_ms: 20, duration_s: 0.2, realtime: false, signal: "speech" };
    const { source } = await open(params, "video", "audio");
    const frames = (await collectAll(source.frames(never))) as Frame[];
    const of = (port: string) => frames.filter((frame) => frame.port === port);
    expect(of("video").map(({ pts }) => pts)).toEqual([0, 33_367, 66_733, 100_100, 133_467, 166_834]);
    expect(of("video").map(counterOf)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(of("audio").map(({ pts }) => pts)).toEqual(Array.from({ length: 10 }, (_, n) => n * 20_000));
    expect(of("audio")[0]!.data.length).toBe(640);
    for (const { payload, data } of frames) expect(payloadProblem(payload, data)).toBeUndefined();
    expect(source.durationUs).toBe(200_000);
    const again = await open(params, "video", "audio");
    expect(await collectAll(again.source.frames(never))).toEqual(frames);
  });

  it("gives only what is wanted, and nothing where nothing is", async () => {
    const params = { ...small, duration_s: 0.1, realtime: false };
    for (const [port, count] of [
      ["video", 3],
      ["audio", 5],
    ] as const) {
      const frames = (await collectAll((await open(params, port)).source.frames(never))) as Frame[];
      expect(frames.map((frame) => frame.port)).toEqual(Array(count).fill(port));
    }
    expect(await collectAll((await open(params)).source.frames(never))).toEqual([]);
  });

  it("counts its pictures from where it is told", async () => {
    const params = { ...small, duration_s: 0.1, realtime: false, start_at: 1_000_000 };
    const frames = (await collectAll((await open(params, "video")).source.frames(never))) as Frame[];
    expect(frames.map(counterOf)).toEqual([1_000_000, 1_000_001, 1_000_002]);
  });
});

describe("SyntheticSource in real time", () => {
  it("gives frames when they are due, timed by the run's clock", async () => {
    const { source, clock } = await open({ ...small, fps: 10, frame_ms: 50 }, "video", "audio");
    await clock.advance(1000);
    const stop = new AbortController();
    const { frames, done } = taking(source, stop.signal);
    await clock.advance(0);
    expect(frames().map(({ port, pts }) => [port, pts])).toEqual([["video", 1_000_000]]);
    await clock.advance(49);
    expect(frames().length).toBe(1);
    await clock.advance(51);
    // Sound leaves when its last sample has been heard.
    expect(frames().map(({ port, pts }) => [port, pts])).toEqual([
      ["video", 1_000_000],
      ["audio", 1_000_000],
      ["video", 1_100_000],
      ["audio", 1_050_000],
    ]);
    stop.abort();
    await done;
    expect(clock.sleeping).toBe(0);
    expect(source.metrics!()).toMatchObject({ framesIn: 4, framesDropped: 0 });
  });

  it("gives up late pictures for the newest one, and counts them", async () => {
    const { source, clock } = await open({ ...small, fps: 10, duration_s: 2 }, "video");
    const taken = source.frames(never)[Symbol.asyncIterator]();
    const next = async () => (await taken.next()).value as Frame;
    expect(counterOf(await next())).toBe(0);
    await clock.advance(1050);
    const late = await next();
    expect([counterOf(late), late.pts]).toEqual([10, 1_000_000]);
    expect(source.metrics!()).toMatchObject({ framesIn: 11, framesDropped: 9, restarts: 0, failures: [] });
    await clock.advance(60_000);
    expect(counterOf(await next())).toBe(19);
    expect((await taken.next()).done).toBe(true);
    expect(source.metrics!()).toMatchObject({ framesIn: 20, framesDropped: 17 });
  });

  it("keeps sound that is a little late, and gives it up when it is very late", async () => {
    const { source, clock } = await open({ ...small, frame_ms: 100 }, "audio");
    const taken = source.frames(never)[Symbol.asyncIterator]();
    const begun = taken.next();
    await clock.advance(500);
    const first = (await begun).value as Frame;
    expect([first.pts, source.metrics!().framesDropped]).toEqual([0, 0]);
    expect(((await taken.next()).value as Frame).pts).toBe(100_000);
    await clock.advance(700);
    expect(((await taken.next()).value as Frame).pts).toBe(200_000);
    expect(source.metrics!().framesDropped).toBe(0);
    await clock.advance(5000);
    const rest = (await taken.next()).value as Frame;
    expect(rest.pts).toBeGreaterThan(4_900_000);
    expect(source.metrics!().framesDropped).toBeGreaterThan(40);
    await taken.return?.();
  });

  it("says by marks how long nothing will come, and keeps to them", async () => {
    const { source, clock } = await open({ ...small, fps: 2, duration_s: 1.5 }, "video");
    const { given, done } = taking(source);
    await settle();
    await clock.advance(2000);
    await done;
    expect(given.map((one) => (isTimeMark(one) ? { mark: one.mark, port: one.port } : one.pts))).toEqual([
      0,
      { mark: 500_000, port: "video" },
      500_000,
      { mark: 1_000_000, port: "video" },
      1_000_000,
    ]);
  });
});

it("SyntheticSource's descriptor is one, with a default for each param but the duration", () => {
  const { params } = nodeDescriptorSchema.parse(syntheticSource.descriptor);
  const properties = (params as { properties: Record<string, { default?: unknown; description?: string }> })
    .properties;
  for (const [name, property] of Object.entries(properties)) {
    expect(property.default === undefined, name).toBe(name === "duration_s");
  }
});
