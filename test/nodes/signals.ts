// Signals for the node tests, and audio frames made of them.
import type { Frame, SampleFormat } from "../../agent/node/frame.ts";

/** `seconds` of a sine of amplitude 1. */
export function sine(hz: number, rate: number, seconds: number): Float64Array {
  return Float64Array.from({ length: Math.round(rate * seconds) }, (_, i) =>
    Math.sin((2 * Math.PI * hz * i) / rate),
  );
}

/** Uniform noise in [-1, 1), the same for the same seed. */
export function noise(count: number, seed = 1): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export function scaled(signal: Float64Array, factor: number): Float64Array {
  return signal.map((x) => x * factor);
}

/** Bytes of samples in a format; integers round to nearest and clip. */
export function encodeSamples(signal: ArrayLike<number>, format: SampleFormat): Uint8Array {
  const values = Array.from(signal);
  if (format === "f32le") return new Uint8Array(Float32Array.from(values).buffer);
  const top = format === "s16le" ? 32768 : 2147483648;
  const whole = values.map((x) => Math.max(-top, Math.min(top - 1, Math.round(x * top))));
  return new Uint8Array(format === "s16le" ? Int16Array.from(whole).buffer : Int32Array.from(whole).buffer);
}

/** Samples of a frame's bytes, in [-1, 1]. */
export function decodeSamples(data: Uint8Array, format: SampleFormat): number[] {
  const { buffer } = data.slice();
  if (format === "f32le") return Array.from(new Float32Array(buffer));
  if (format === "s16le") return Array.from(new Int16Array(buffer), (x) => x / 32768);
  return Array.from(new Int32Array(buffer), (x) => x / 2147483648);
}

export interface AudioShape {
  readonly rate: number;
  readonly channels?: number;
  readonly format?: SampleFormat;
  /** Samples a channel and frame. */
  readonly chunk?: number;
  /** Time of the first sample, in microseconds. */
  readonly startUs?: number;
}

/** Cuts interleaved samples into frames with exact times. */
export function audioFrames(signal: Float64Array, shape: AudioShape): Frame[] {
  const { rate, channels = 1, format = "f32le", chunk = Math.round(rate / 20), startUs = 0 } = shape;
  const frames: Frame[] = [];
  for (let at = 0; at * channels < signal.length; at += chunk) {
    frames.push({
      port: "in",
      pts: startUs + Math.round((at * 1_000_000) / rate),
      payload: { kind: "audio", rate, channels, format },
      data: encodeSamples(signal.subarray(at * channels, (at + chunk) * channels), format),
    });
  }
  return frames;
}

/** All samples of audio frames in a row. */
export function samplesOf(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ payload, data }) => {
    if (payload.kind !== "audio") throw new Error(`not audio: ${payload.kind}`);
    return decodeSamples(data, payload.format);
  });
}

export function jsonOf(frame: Frame): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(frame.data));
}

export function decibel(amplitude: number): number {
  return 20 * Math.log10(amplitude);
}
