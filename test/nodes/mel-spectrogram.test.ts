// MelSpectrogram against a float64 reference by plain DFT.
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode } from "./load-node.ts";
import { audioFrames, noise, scaled, sine } from "./signals.ts";

let make: () => LoadedNode;

beforeAll(async () => {
  make = await loadNode("MelSpectrogram");
});

interface Options {
  n_fft: number;
  hop_length: number;
  n_mels: number;
  f_min: number;
  f_max: number;
  mel_scale: "slaney" | "htk";
  norm: "slaney" | "none";
}

function rowsOf(frames: readonly Frame[]): number[][] {
  return frames.flatMap(({ payload, data }) => {
    if (payload.kind !== "tensor") throw new Error(payload.kind);
    const [rows, bands] = payload.shape as [number, number];
    const values = new Float32Array(data.slice().buffer);
    return Array.from({ length: rows }, (_, r) => Array.from(values.subarray(r * bands, (r + 1) * bands)));
  });
}

function run(signal: Float64Array, rate: number, params: object, chunk = 777): number[][] {
  const node = make();
  node.open(params);
  const frames = audioFrames(signal, { rate, chunk }).flatMap((frame) => node.process(frame));
  return rowsOf([...frames, ...node.flush()]);
}

/** |DFT|² of a Hann-windowed piece, straight from the definition. */
function powerSpectrum(signal: Float64Array, start: number, size: number): number[] {
  const piece = Array.from({ length: size }, (_, i) => {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size);
    return (signal[start + i] ?? 0) * window;
  });
  return Array.from({ length: size / 2 + 1 }, (_, k) => {
    let re = 0;
    let im = 0;
    for (let i = 0; i < size; i++) {
      const angle = (2 * Math.PI * ((k * i) % size)) / size;
      re += piece[i]! * Math.cos(angle);
      im -= piece[i]! * Math.sin(angle);
    }
    return re * re + im * im;
  });
}

function melScale(kind: Options["mel_scale"]) {
  const step = Math.log(6.4) / 27;
  if (kind === "htk") {
    return {
      to: (f: number) => 2595 * Math.log10(1 + f / 700),
      from: (m: number) => 700 * (10 ** (m / 2595) - 1),
    };
  }
  return {
    to: (f: number) => (f < 1000 ? (f * 3) / 200 : 15 + Math.log(f / 1000) / step),
    from: (m: number) => (m < 15 ? (m * 200) / 3 : 1000 * Math.exp((m - 15) * step)),
  };
}

function melBands(power: readonly number[], rate: number, o: Options): number[] {
  const scale = melScale(o.mel_scale);
  const low = scale.to(o.f_min);
  const high = scale.to(o.f_max);
  const edge = (i: number) => scale.from(low + ((high - low) * i) / (o.n_mels + 1));
  return Array.from({ length: o.n_mels }, (_, m) => {
    const [left, centre, right] = [edge(m), edge(m + 1), edge(m + 2)];
    return power.reduce((sum, p, k) => {
      const f = (k * rate) / o.n_fft;
      const weight = Math.max(0, Math.min((f - left) / (centre - left), (right - f) / (right - centre)));
      return sum + p * weight * (o.norm === "slaney" ? 2 / (right - left) : 1);
    }, 0);
  });
}

const cases: [name: string, rate: number, options: Options][] = [
  [
    "Whisper's front end",
    16000,
    { n_fft: 400, hop_length: 160, n_mels: 80, f_min: 0, f_max: 8000, mel_scale: "slaney", norm: "slaney" },
  ],
  [
    "powers of two, HTK",
    22050,
    { n_fft: 512, hop_length: 256, n_mels: 40, f_min: 60, f_max: 9000, mel_scale: "htk", norm: "none" },
  ],
  [
    "factors 2, 3 and 5",
    48000,
    { n_fft: 1440, hop_length: 480, n_mels: 64, f_min: 20, f_max: 20000, mel_scale: "slaney", norm: "none" },
  ],
  [
    "the smallest window",
    8000,
    { n_fft: 32, hop_length: 32, n_mels: 5, f_min: 0, f_max: 4000, mel_scale: "htk", norm: "slaney" },
  ],
];

describe.each(cases)("%s", (_name, rate, options) => {
  const signal = noise(options.n_fft * 3 + 11).map(
    (x, i) => 0.1 * x + 0.5 * Math.sin((2 * Math.PI * 700 * i) / rate),
  );

  test("energies agree with the reference to 5 digits", () => {
    const rows = run(signal, rate, { ...options, log: "none" });
    const count = Math.ceil((signal.length - options.n_fft) / options.hop_length) + 1;
    expect(rows).toHaveLength(count);
    rows.forEach((row, r) => {
      const expected = melBands(powerSpectrum(signal, r * options.hop_length, options.n_fft), rate, options);
      const top = Math.max(...expected);
      row.forEach((value, m) => {
        expect(Math.abs(value - expected[m]!)).toBeLessThan(1e-5 * expected[m]! + 1e-6 * top);
      });
    });
  });
});

describe("MelSpectrogram", () => {
  test("gives the same rows however the audio is cut, with exact times", () => {
    const signal = noise(5000, 7);
    expect(run(signal, 16000, {}, 1)).toEqual(run(signal, 16000, {}, 5000));
    const node = make();
    node.open({});
    const frames = audioFrames(signal, { rate: 16000, chunk: 480, startUs: 1_000_000 }).flatMap((f) =>
      node.process(f),
    );
    let rows = 0;
    for (const frame of [...frames, ...node.flush()]) {
      expect(frame.pts).toBe(1_000_000 + rows * 10_000);
      rows += frame.payload.kind === "tensor" ? frame.payload.shape[0]! : 0;
    }
  });

  test.each([
    ["ln", Math.E, 1],
    ["log10", 10, 1],
    ["db", 10, 10],
  ] as const)("log %s is the logarithm of the energies, at least 1e-10", (log, base, factor) => {
    const signal = scaled(sine(1000, 16000, 0.1), 0.5);
    const energies = run(signal, 16000, { log: "none" });
    const logs = run(signal, 16000, { log });
    const expected = energies
      .flat()
      .map((energy) => (factor * Math.log(Math.max(1e-10, energy))) / Math.log(base));
    logs.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 3);
    });
  });

  test("mixes channels, and turns silence into the floor", () => {
    const stereo = Float64Array.from({ length: 1600 }, (_, i) => (i % 2 === 0 ? 0.5 : -0.5));
    const node = make();
    node.open({});
    const rows = rowsOf(
      audioFrames(stereo, { rate: 16000, channels: 2, chunk: 800 }).flatMap((f) => node.process(f)),
    );
    expect(rows.flat().every((value) => value === -10)).toBe(true);
  });

  test("gives nothing for nothing, and one row for a single sample", () => {
    expect(run(new Float64Array(0), 16000, {})).toEqual([]);
    expect(run(Float64Array.of(0.5), 16000, {})).toHaveLength(1);
  });

  test("refuses window sizes that its transform doesn't take, and bands beyond the audio", () => {
    expect(() => run(noise(10), 16000, { n_fft: 401 })).toThrow("n_fft");
    expect(() => run(noise(10), 16000, { n_fft: 56 })).toThrow("n_fft");
    expect(() => run(noise(10), 16000, { hop_length: 401 })).toThrow("hop_length");
    expect(() => run(noise(10), 16000, { f_max: 9000 })).toThrow("f_max");
  });
});
