// TestSound: samples of a chosen signal as frames hold them. Web-standard, pure.
import { type SampleFormat, sampleBytes } from "../../node/frame.ts";
import { speechSample } from "./speech-noise.ts";
import { toneSample } from "./tones.ts";

export const testSignals = ["tones", "speech", "silence"] as const;
export type TestSignal = (typeof testSignals)[number];

export interface TestSoundSpec {
  readonly signal: TestSignal;
  /** In Hz. */
  readonly rate: number;
  readonly channels: number;
  readonly format: SampleFormat;
}

/** `count` samples of every channel from number `first` on, interleaved; the same for the same numbers. */
export function testSound(spec: TestSoundSpec, first: number, count: number): Uint8Array<ArrayBuffer> {
  const { signal, rate, channels, format } = spec;
  const bytes = sampleBytes[format];
  const data = new Uint8Array(count * channels * bytes);
  if (signal === "silence") return data;
  const view = new DataView(data.buffer);
  for (let sample = 0; sample < count; sample++) {
    const speech = signal === "speech" ? speechSample(first + sample, rate) : 0;
    for (let channel = 0; channel < channels; channel++) {
      const value = signal === "speech" ? speech : toneSample(first + sample, rate, channel);
      put(view, (sample * channels + channel) * bytes, format, value);
    }
  }
  return data;
}

function put(view: DataView, at: number, format: SampleFormat, value: number): void {
  if (format === "f32le") view.setFloat32(at, value, true);
  else if (format === "s16le") view.setInt16(at, Math.round(value * 32_767), true);
  else view.setInt32(at, Math.round(value * 2_147_483_647), true);
}
