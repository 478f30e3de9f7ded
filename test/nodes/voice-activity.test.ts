// VoiceActivity on generated voices and noises, and on the example's spoken clip.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode } from "./load-node.ts";
import { type AudioShape, audioFrames, jsonOf, noise, samplesOf, sine } from "./signals.ts";

let make: () => LoadedNode;

beforeAll(async () => {
  make = await loadNode("VoiceActivity");
});

interface Segment {
  readonly startUs: number;
  readonly endUs: number;
}

function detect(
  signal: Float64Array,
  shape: AudioShape,
  params: object = {},
): { segments: Segment[]; speech: Frame[] } {
  const node = make();
  node.open(params);
  const frames = [...audioFrames(signal, shape).flatMap((frame) => node.process(frame)), ...node.flush()];
  const events = frames.filter((frame) => frame.port === "events").map(jsonOf);
  const segments = events
    .filter((event) => event["is_speech_end"])
    .map((event) => ({ startUs: event["start_us"] as number, endUs: event["end_us"] as number }));
  expect(events.filter((event) => event["is_speech_start"]).map((event) => event["start_us"])).toEqual(
    segments.map((segment) => segment.startUs),
  );
  return { segments, speech: frames.filter((frame) => frame.port === "speech") };
}

/** A voice of sorts: pulses at a gliding pitch through three resonances, swelling four times a second. */
function voice(rate: number, seconds: number): Float64Array {
  const out = new Float64Array(Math.round(rate * seconds));
  const formants = [600, 1400, 2600].map((hz) => ({ hz, y1: 0, y2: 0 }));
  let phase = 0;
  for (let i = 0; i < out.length; i++) {
    const t = i / rate;
    phase += (120 + 20 * Math.sin(2 * Math.PI * 1.5 * t)) / rate;
    const pulse = phase >= 1 ? 1 : 0;
    phase %= 1;
    for (const f of formants) {
      const r = Math.exp((-Math.PI * 90) / rate);
      const y = pulse + 2 * r * Math.cos((2 * Math.PI * f.hz) / rate) * f.y1 - r * r * f.y2;
      f.y2 = f.y1;
      f.y1 = y;
      out[i]! += y * 0.02;
    }
    out[i]! *= 0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * t - Math.PI / 2);
  }
  return out;
}

const truth: Segment[] = [
  { startUs: 800_000, endUs: 1_800_000 },
  { startUs: 2_800_000, endUs: 3_500_000 },
  { startUs: 4_500_000, endUs: 6_000_000 },
];

function conversation(rate: number, noiseLevel: number, gain = 1): Float64Array {
  const signal = noise(rate * 7).map((x) => x * noiseLevel);
  for (const { startUs, endUs } of truth) {
    const at = Math.round((startUs * rate) / 1e6);
    voice(rate, (endUs - startUs) / 1e6).forEach((x, i) => {
      signal[at + i]! += x * gain;
    });
  }
  return signal;
}

function expectSegments(found: readonly Segment[], expected: readonly Segment[], withinUs: number): void {
  expect(found).toHaveLength(expected.length);
  found.forEach(({ startUs, endUs }, i) => {
    expect(Math.abs(startUs - expected[i]!.startUs)).toBeLessThanOrEqual(withinUs);
    expect(Math.abs(endUs - expected[i]!.endUs)).toBeLessThanOrEqual(withinUs);
  });
}

describe("VoiceActivity", () => {
  test.each([8000, 16000, 22050, 44100, 48000])("finds three phrases at %i Hz in faint noise", (rate) => {
    expectSegments(detect(conversation(rate, 0.0005), { rate }).segments, truth, 150_000);
  });

  test("finds them in digital silence, quiet, and in noise 20 dB below", () => {
    expectSegments(detect(conversation(16000, 0), { rate: 16000 }).segments, truth, 200_000);
    expectSegments(detect(conversation(16000, 0.0001, 0.1), { rate: 16000 }).segments, truth, 200_000);
    expectSegments(detect(conversation(16000, 0.006), { rate: 16000 }).segments, truth, 250_000);
  });

  test("finds the phrases of the example's spoken clip", () => {
    const folder = join(import.meta.dirname, "../../examples/speech-gate");
    const file = readFileSync(join(folder, "speech.wav"));
    const data = file.subarray(file.indexOf("data") + 8);
    const rate = file.readUInt32LE(file.indexOf("fmt ") + 12);
    const signal = Float64Array.from(new Int16Array(data.slice().buffer), (x) => x / 32768);
    const spoken = JSON.parse(readFileSync(join(folder, "speech.truth.json"), "utf8")).phrases as {
      start_us: number;
      end_us: number;
    }[];
    const expected = spoken.map(({ start_us, end_us }) => ({ startUs: start_us, endUs: end_us }));
    expectSegments(detect(signal, { rate, format: "s16le" }).segments, expected, 150_000);
  });

  test("hears no speech in noise that gets louder, hum, a steady tone, clicks and silence", () => {
    const rate = 16000;
    const louder = noise(rate * 6).map((x, i) => x * (i < rate * 3 ? 0.01 : 0.1));
    const hum = sine(50, rate, 4).map((x, i) => 0.1 * x + 0.05 * Math.sin((2 * Math.PI * 150 * i) / rate));
    const tone = sine(440, rate, 4).map((x) => 0.1 * x);
    const clicks = noise(rate * 4).map((x, i) => (i % 8000 === 4000 ? 0.9 : x * 0.0005));
    for (const signal of [louder, hum, clicks, new Float64Array(rate * 2)]) {
      expect(detect(signal, { rate }).segments).toEqual([]);
    }
    // A tone can't be told from a vowel until it has lasted; then it is background.
    const heard = detect(tone, { rate }).segments.reduce((sum, s) => sum + s.endUs - s.startUs, 0);
    expect(heard).toBeLessThan(2_300_000);
  });

  test("lets through exactly the samples of the segments, in the input's format", () => {
    const rate = 16000;
    const signal = conversation(rate, 0.0005);
    const { segments, speech } = detect(signal, { rate, format: "s16le", chunk: 333 });
    const at = (us: number) => Math.round((us * rate) / 1e6);
    const expected = segments.flatMap(({ startUs, endUs }) =>
      Array.from(signal.subarray(at(startUs), at(endUs)), (x) => Math.round(x * 32768) / 32768 + 0),
    );
    expect(samplesOf(speech)).toEqual(expected);
    let next = 0;
    for (const frame of speech) {
      expect(frame.pts).toBeGreaterThanOrEqual(next);
      next = frame.pts + Math.floor((frame.data.length / 2) * (1e6 / rate));
    }
  });

  test("decides the same however the audio is cut", () => {
    const signal = conversation(8000, 0.0005);
    expect(detect(signal, { rate: 8000, chunk: 80 }).segments).toEqual(
      detect(signal, { rate: 8000, chunk: 8000 }).segments,
    );
  });

  test("ends a phrase after min_silence_duration_ms and pads by speech_pad_ms", () => {
    const signal = conversation(16000, 0.0005);
    const joined = detect(signal, { rate: 16000 }, { min_silence_duration_ms: 1500 }).segments;
    expectSegments(joined, [{ startUs: truth[0]!.startUs, endUs: truth[2]!.endUs }], 150_000);
    const bare = detect(signal, { rate: 16000 }, { speech_pad_ms: 0 }).segments;
    const padded = detect(signal, { rate: 16000 }, { speech_pad_ms: 200 }).segments;
    padded.forEach((segment, i) => {
      expect(segment.startUs).toBe(bare[i]!.startUs - 200_000);
      expect(segment.endUs).toBe(bare[i]!.endUs + 200_000);
    });
  });

  test("ends the phrase at the end of the input and where the input jumps", () => {
    const rate = 16000;
    const signal = conversation(rate, 0.0005).subarray(0, rate * 1.3);
    expect(detect(signal, { rate }).segments[0]!.endUs).toBe(1_300_000);
    const node = make();
    node.open({});
    const before = audioFrames(signal, { rate }).flatMap((frame) => node.process(frame));
    const after = audioFrames(signal, { rate, startUs: 60_000_000 }).flatMap((frame) => node.process(frame));
    const ends = [...before, ...after, ...node.flush()].filter((f) => f.port === "events").map(jsonOf);
    expect(ends.filter((e) => e["is_speech_end"]).map((e) => e["end_us"])).toEqual([1_300_000, 61_300_000]);
  });

  test("its memory stays flat over an hour of talk and pauses", () => {
    const rate = 8000;
    const node = make();
    node.open({});
    const frames = audioFrames(conversation(rate, 0.0005), { rate, chunk: 800, format: "s16le" });
    const feed = (from: number, to: number) => {
      for (let k = from; k < to; k++)
        for (const f of frames) node.process({ ...f, pts: f.pts + k * 7_000_000 });
    };
    feed(0, 2);
    const before = node.memoryBytes();
    feed(2, 514);
    expect(node.memoryBytes()).toBe(before);
  });
});
