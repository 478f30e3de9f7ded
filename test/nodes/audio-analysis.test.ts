// The analysing and cutting audio nodes against formulas and against their input.
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode } from "./load-node.ts";
import { audioFrames, decibel, jsonOf, noise, samplesOf, scaled, sine } from "./signals.ts";

const nodes = new Map<string, () => LoadedNode>();

beforeAll(async () => {
  for (const type of [
    "AudioLevelNode",
    "SilenceDetectorNode",
    "ClippingDetectorNode",
    "ChannelBalanceNode",
    "AudioChunkerNode",
    "AudioBufferAccumulatorNode",
  ]) {
    nodes.set(type, await loadNode(type));
  }
});

function run(type: string, frames: readonly Frame[], params: object = {}): Frame[] {
  const node = nodes.get(type)!();
  node.open(params);
  return [...frames.flatMap((frame) => node.process(frame)), ...node.flush()];
}

const rmsOf = (signal: Float64Array) => Math.sqrt(signal.reduce((sum, x) => sum + x * x, 0) / signal.length);

describe("AudioLevelNode", () => {
  test.each(["s16le", "s32le", "f32le"] as const)(
    "measures RMS and peak by their formulas in %s",
    (format) => {
      const signal = scaled(noise(16001, 3), 0.3);
      const [frame] = run("AudioLevelNode", audioFrames(signal, { rate: 16000, format, chunk: 16001 }));
      const json = jsonOf(frame!);
      expect(json["rms_db"]).toBeCloseTo(decibel(rmsOf(signal)), 2);
      expect(json["peak_db"]).toBeCloseTo(decibel(Math.max(...signal.map(Math.abs))), 2);
      expect(frame!.pts).toBe(json["timestamp_us"]);
    },
  );

  test("measures a quiet minute in one frame as precisely as a short one", () => {
    const signal = scaled(sine(100, 16000, 60), 1e-3);
    const [frame] = run("AudioLevelNode", audioFrames(signal, { rate: 16000, chunk: signal.length }));
    expect(jsonOf(frame!)["rms_db"]).toBeCloseTo(-63.01, 2);
  });

  test.each([
    [-10, false, false, 1],
    [-30, true, false, 0.75],
    [-70, false, true, 0],
  ])("%d dB: low %s, silent %s, health %d", (level, low, silent, health) => {
    const signal = scaled(sine(1000, 8000, 0.1), 10 ** (level / 20) * Math.SQRT2);
    const [frame] = run("AudioLevelNode", audioFrames(signal, { rate: 8000, chunk: 800 }));
    expect(jsonOf(frame!)).toMatchObject({ is_low_volume: low, is_silence: silent, health });
  });

  test("counts digital silence and an empty frame as -120 dB", () => {
    const [silence] = run("AudioLevelNode", audioFrames(new Float64Array(100), { rate: 8000, chunk: 100 }));
    expect(jsonOf(silence!)).toMatchObject({ rms_db: -120, peak_db: -120, is_silence: true });
    const empty = { ...audioFrames(noise(1), { rate: 8000 })[0]!, data: new Uint8Array(0) };
    expect(jsonOf(run("AudioLevelNode", [empty])[0]!)).toMatchObject({ rms_db: -120 });
  });

  test("refuses thresholds in the wrong order", () => {
    const params = { silence_threshold_db: -10, low_volume_threshold_db: -20 };
    expect(() => run("AudioLevelNode", [], params)).toThrow("silence_threshold_db");
  });
});

describe("SilenceDetectorNode", () => {
  const frames = (pattern: string) =>
    audioFrames(
      Float64Array.from({ length: pattern.length * 80 }, (_, i) =>
        pattern[Math.floor(i / 80)] === "x" ? 0.5 : 0,
      ),
      { rate: 8000, chunk: 80 },
    );

  test("measures how long a silence lasts, per channel, and when it is sustained", () => {
    const events = run("SilenceDetectorNode", frames("x...x"), { sustained_silence_ms: 30 }).map(jsonOf);
    expect(events.map((event) => event["silence_duration_ms"])).toEqual([0, 10, 20, 30, 0]);
    expect(events.map((event) => event["is_sustained_silence"])).toEqual([false, false, false, true, false]);
  });

  test("counts the dropouts of the window and forgets older ones", () => {
    const params = { dropout_window_ms: 60, dropout_count_threshold: 3 };
    const events = run("SilenceDetectorNode", frames("x.x.x.xxxxxxx"), params).map(jsonOf);
    expect(events.map((event) => event["dropout_count"])).toEqual([0, 1, 1, 2, 2, 3, 3, 2, 2, 1, 1, 0, 0]);
    expect(events[5]!["has_intermittent_dropouts"]).toBe(true);
  });
});

describe("ClippingDetectorNode", () => {
  test("tells clipped sound from clean, and says by how much", () => {
    const clean = scaled(noise(8000), 0.5);
    const clipped = sine(440, 8000, 1).map((x) => Math.max(-1, Math.min(1, 3 * x)));
    const [good, bad] = [clean, clipped].map((signal) =>
      jsonOf(run("ClippingDetectorNode", audioFrames(signal, { rate: 8000, chunk: 8000 }))[0]!),
    );
    expect(good).toMatchObject({ is_clipping: false, saturation_ratio: 0, health: 1 });
    expect(bad).toMatchObject({ is_clipping: true, health: 0 });
    const share = (100 * clipped.filter((x) => Math.abs(x) >= 0.99).length) / 8000;
    expect(bad!["saturation_ratio"]).toBeCloseTo(share, 2);
    expect(bad!["crest_factor_db"]).toBeCloseTo(decibel(1 / rmsOf(clipped)), 2);
  });
});

describe("ChannelBalanceNode", () => {
  const stereo = (left: number, right: number) => {
    const tone = sine(500, 8000, 0.1);
    const both = Float64Array.from({ length: 1600 }, (_, i) => tone[i >> 1]! * (i % 2 === 0 ? left : right));
    return jsonOf(run("ChannelBalanceNode", audioFrames(both, { rate: 8000, channels: 2, chunk: 800 }))[0]!);
  };

  test("measures the difference between left and right", () => {
    expect(stereo(0.5, 0.25)).toMatchObject({ imbalance_db: 6.021, balance_ratio: 2, is_imbalanced: false });
    expect(stereo(0.1, 0.5)).toMatchObject({ imbalance_db: -13.979, is_imbalanced: true, health: 0 });
  });

  test("finds the dead channel; two dead ones are silence, not imbalance", () => {
    expect(stereo(0, 0.5)).toMatchObject({ has_dead_channel: true, dead_channel: "left", balance_ratio: 0 });
    expect(stereo(0.5, 0)).toMatchObject({
      has_dead_channel: true,
      dead_channel: "right",
      balance_ratio: null,
    });
    expect(stereo(0, 0)).toMatchObject({
      has_dead_channel: false,
      dead_channel: "none",
      is_imbalanced: false,
    });
  });
});

describe("AudioChunkerNode", () => {
  test.each([1, 100, 512, 5000])(
    "cuts frames of %i samples into chunks of 512 with exact times, losing none",
    (chunk) => {
      const signal = noise(6000 * 2);
      const frames = run(
        "AudioChunkerNode",
        audioFrames(signal, { rate: 44100, channels: 2, chunk, startUs: 77 }),
      );
      expect(samplesOf(frames)).toEqual(Array.from(Float32Array.from(signal)));
      expect(frames.map((frame) => frame.data.length / 8)).toEqual([
        ...new Array(11).fill(512),
        6000 - 11 * 512,
      ]);
      expect(frames.map((frame) => frame.pts)).toEqual(
        frames.map((_, i) => 77 + Math.round((i * 512 * 1_000_000) / 44100)),
      );
    },
  );

  test("pads or drops the remainder when asked, and takes chunkSize as chunk_size", () => {
    const frames = audioFrames(noise(150), { rate: 8000, chunk: 70 });
    expect(
      samplesOf(run("AudioChunkerNode", frames, { chunkSize: 100, remainder: "pad" })).slice(150),
    ).toEqual(new Array(50).fill(0));
    expect(samplesOf(run("AudioChunkerNode", frames, { chunk_size: 100, remainder: "drop" }))).toHaveLength(
      100,
    );
  });

  test("starts a new chunk where the audio jumps or changes", () => {
    const frames = [
      ...audioFrames(noise(100), { rate: 8000, chunk: 100 }),
      ...audioFrames(noise(100), { rate: 8000, chunk: 100, startUs: 500_000 }),
      ...audioFrames(noise(100), { rate: 16000, chunk: 100, startUs: 512_500 }),
    ];
    expect(
      run("AudioChunkerNode", frames, { chunk_size: 80 }).map((frame) => [frame.pts, frame.data.length / 4]),
    ).toEqual([
      [0, 80],
      [10_000, 20],
      [500_000, 80],
      [510_000, 20],
      [512_500, 80],
      [517_500, 20],
    ]);
  });
});

describe("AudioBufferAccumulatorNode", () => {
  const event = (pts: number, json: object): Frame => ({
    port: "in",
    pts,
    payload: { kind: "json" },
    data: new TextEncoder().encode(JSON.stringify(json)),
  });
  const start = (pts: number) => event(pts, { nested: { is_speech_end: true }, is_speech_start: true });
  const end = (pts: number) => event(pts, { is_speech_start: false, is_speech_end: true });
  const signal = noise(8000);
  const audio = audioFrames(signal, { rate: 8000, chunk: 400 });
  const mixed = (...events: Frame[]) => [...audio, ...events].sort((a, b) => a.pts - b.pts);
  const piece = (fromMs: number, toMs: number) =>
    Array.from(Float32Array.from(signal.subarray(fromMs * 8, toMs * 8)));

  test("gives the audio from the pre-roll to the end of speech as one frame", () => {
    const frames = run("AudioBufferAccumulatorNode", mixed(start(401_000), end(801_000)), {
      pre_roll_ms: 100,
    });
    expect(frames).toHaveLength(1);
    expect(frames[0]!.pts).toBe(301_000);
    expect(samplesOf(frames)).toEqual(piece(301, 801));
  });

  test("drops what is too short, cuts what is too long, and gives the rest at the end", () => {
    const short = mixed(start(400_000), end(500_000));
    expect(run("AudioBufferAccumulatorNode", short, { pre_roll_ms: 0 })).toEqual([]);
    const params = { pre_roll_ms: 0, max_utterance_duration_ms: 250 };
    const long = run("AudioBufferAccumulatorNode", mixed(start(400_000)), params);
    expect(long.map((frame) => frame.pts)).toEqual([400_000, 650_000, 900_000]);
    expect(samplesOf(long)).toEqual(piece(400, 1000));
  });

  test("keeps no more than the pre-roll while nobody speaks", () => {
    const node = nodes.get("AudioBufferAccumulatorNode")!();
    node.open({});
    const feed = (from: number, to: number) => {
      for (let k = from; k < to; k++)
        for (const f of audio) node.process({ ...f, pts: f.pts + k * 1_000_000 });
    };
    feed(0, 3);
    const before = node.memoryBytes();
    feed(3, 600);
    expect(node.memoryBytes()).toBe(before);
  });
});
