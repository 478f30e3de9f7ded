// FastResampleNode against a reference: pass-band ripple, stop band, exact times and counts, flush.
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode, NodeRefusal } from "./load-node.ts";
import { audioFrames, decibel, noise, samplesOf, scaled, sine } from "./signals.ts";

let make: () => LoadedNode;

beforeAll(async () => {
  make = await loadNode("FastResampleNode");
});

function resample(frames: readonly Frame[], params: object): Frame[] {
  const node = make();
  node.open(params);
  return [...frames.flatMap((frame) => node.process(frame)), ...node.flush()];
}

/** Amplitude of one frequency by a Blackman-windowed DFT at exactly that frequency, away from the ends. */
function amplitudeAt(signal: readonly number[], hz: number, rate: number): number {
  const from = Math.round(signal.length * 0.1);
  const count = Math.round(signal.length * 0.8);
  let re = 0;
  let im = 0;
  let gain = 0;
  for (let i = 0; i < count; i++) {
    const turn = (2 * Math.PI * i) / count;
    const window = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
    const angle = (2 * Math.PI * hz * i) / rate;
    re += signal[from + i]! * window * Math.cos(angle);
    im -= signal[from + i]! * window * Math.sin(angle);
    gain += window;
  }
  return (2 * Math.hypot(re, im)) / gain;
}

const rms = (signal: readonly number[]) =>
  Math.sqrt(signal.reduce((sum, x) => sum + x * x, 0) / signal.length);
const middle = (signal: readonly number[]) =>
  signal.slice(Math.round(signal.length * 0.1), Math.round(signal.length * 0.9));

const pairs: [from: number, to: number][] = [
  [48000, 16000],
  [22050, 16000],
  [44100, 48000],
  [16000, 48000],
  [8000, 44100],
  [47999, 16001],
];
const bands = { Low: 0.8, Medium: 0.9, High: 0.95 } as const;

describe.each(pairs)("%i Hz to %i Hz", (from, to) => {
  const nyquist = Math.min(from, to) / 2;

  test.each(Object.entries(bands))("%s passes its band within 0.01 dB", (quality, band) => {
    for (const share of [0.02, 0.3, 0.6, band * 0.999]) {
      const hz = nyquist * share;
      const out = samplesOf(
        resample(audioFrames(sine(hz, from, 0.2), { rate: from }), { target_rate: to, quality }),
      );
      expect(Math.abs(decibel(amplitudeAt(out, hz, to)))).toBeLessThan(0.01);
    }
  });

  test.each(Object.keys(bands))(
    "%s lets nothing through above the band or fold back: 80 dB and more",
    (quality) => {
      // Downwards a tone beyond the new Nyquist frequency must vanish; upwards its image above the old one must.
      const top = Math.max(from, to) / 2;
      for (const share of [1.001, 1.1, 1.5, 1.9]) {
        const hz = nyquist * share;
        if (hz >= top) continue;
        const tone = to < from ? hz : from - hz;
        const out = samplesOf(
          resample(audioFrames(sine(tone, from, 0.2), { rate: from }), { target_rate: to, quality }),
        );
        const leak = to < from ? rms(middle(out)) * Math.SQRT2 : amplitudeAt(out, hz, to);
        expect(decibel(leak)).toBeLessThan(-80);
      }
    },
  );

  test("agrees with a sine computed at the new rate, to 16 bits and better", () => {
    const hz = nyquist * 0.4;
    const out = samplesOf(resample(audioFrames(sine(hz, from, 0.2), { rate: from }), { target_rate: to }));
    const edge = Math.round(out.length * 0.1);
    for (let k = edge; k < out.length - edge; k++) {
      expect(Math.abs(out[k]! - Math.sin((2 * Math.PI * hz * k) / to))).toBeLessThan(2e-5);
    }
  });

  test("gives every sample's worth of output with exact times, however the input is cut", () => {
    const signal = noise(Math.round(from / 5));
    const whole = resample(audioFrames(signal, { rate: from, chunk: signal.length }), { target_rate: to });
    const cut = resample(audioFrames(signal, { rate: from, chunk: 37, startUs: 5_000_000 }), {
      target_rate: to,
    });
    expect(samplesOf(cut)).toEqual(samplesOf(whole));
    expect(samplesOf(cut)).toHaveLength(Math.ceil((signal.length * to) / from));
    let count = 0;
    for (const frame of cut) {
      expect(frame.pts).toBe(5_000_000 + Math.round((count * 1_000_000) / to));
      count += frame.data.length / 4;
    }
  });
});

describe("FastResampleNode", () => {
  test("keeps channels apart and the sample format", () => {
    const left = scaled(sine(400, 48000, 0.1), 0.5);
    const stereo = Float64Array.from({ length: left.length * 2 }, (_, i) => (i % 2 === 0 ? left[i / 2]! : 0));
    const frames = resample(audioFrames(stereo, { rate: 48000, channels: 2, format: "s16le" }), {
      target_rate: 16000,
    });
    expect(frames[0]!.payload).toEqual({ kind: "audio", rate: 16000, channels: 2, format: "s16le" });
    const out = samplesOf(frames);
    expect(Math.max(...out.filter((_, i) => i % 2 === 1).map(Math.abs))).toBe(0);
    expect(
      amplitudeAt(
        out.filter((_, i) => i % 2 === 0),
        400,
        16000,
      ),
    ).toBeCloseTo(0.5, 3);
  });

  test("mixes to mono when asked", () => {
    const stereo = Float64Array.from({ length: 9600 }, (_, i) => (i % 2 === 0 ? 0.5 : -0.25));
    const frames = resample(audioFrames(stereo, { rate: 48000, channels: 2 }), {
      target_rate: 16000,
      channels: 1,
    });
    expect(frames[0]!.payload).toMatchObject({ channels: 1 });
    expect(middle(samplesOf(frames)).every((x) => Math.abs(x - 0.125) < 1e-6)).toBe(true);
  });

  test("drains and starts a new timeline where the input jumps", () => {
    const before = audioFrames(sine(100, 8000, 0.1), { rate: 8000 });
    const after = audioFrames(sine(100, 8000, 0.1), { rate: 8000, startUs: 9_000_000 });
    const frames = resample([...before, ...after], { target_rate: 4000 });
    const late = frames.filter((frame) => frame.pts >= 9_000_000);
    expect(late[0]!.pts).toBe(9_000_000);
    expect(samplesOf(late)).toHaveLength(400);
    expect(samplesOf(frames)).toHaveLength(800);
  });

  test("hands audio on untouched when it has the rate already", () => {
    const [frame] = audioFrames(noise(100), { rate: 16000, chunk: 100 });
    expect(resample([frame!], {})).toEqual([{ ...frame, port: "out" }]);
  });

  test.each([
    [768_000, 1_000],
    [767_999, 1_001],
    [1_000, 768_000],
    [1_009, 767_993],
  ])("takes the furthest rates apart, %i Hz to %i Hz, in little memory", (from, to) => {
    const node = make();
    node.open({ target_rate: to });
    const hz = Math.min(from, to) / 20;
    const frames = audioFrames(sine(hz, from, 0.5), { rate: from });
    const out = samplesOf([...frames.flatMap((frame) => node.process(frame)), ...node.flush()]);
    expect(out).toHaveLength(Math.ceil((Math.round(from / 2) * to) / from));
    expect(decibel(amplitudeAt(out, hz, to))).toBeCloseTo(0, 2);
    expect(node.memoryBytes()).toBeLessThan(24_000_000);
  });

  test("refuses audio at another rate than source_rate, and params out of range", () => {
    const frames = audioFrames(noise(100), { rate: 44100, chunk: 100 });
    expect(() => resample(frames, { source_rate: 48000 })).toThrow(NodeRefusal);
    expect(() => resample([], { target_rate: 1 })).toThrow("target_rate: out of range");
    expect(() => resample([], { quality: "Best" })).toThrow("quality: unknown value");
  });

  test("its memory stays flat over ten minutes of audio", () => {
    const node = make();
    node.open({});
    const [frame] = audioFrames(noise(2205), { rate: 22050, chunk: 2205 });
    const feed = (from: number, to: number) => {
      for (let i = from; i < to; i++) node.process({ ...frame!, pts: i * 100_000 });
    };
    feed(0, 20);
    const before = node.memoryBytes();
    feed(20, 6000);
    expect(node.memoryBytes()).toBe(before);
  });
});
