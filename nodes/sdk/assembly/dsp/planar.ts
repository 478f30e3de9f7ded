// Interleaved samples to one channel: picked, or mixed.

import { Floats } from "../floats";

/** Appends the mean of all channels of `count` interleaved samples to `target`. */
export function appendMixed(target: Floats, samples: Floats, channels: i32, count: i32): void {
  if (channels == 1) return target.append(samples.pointer, count);
  const end = target.length;
  target.resize(end + count);
  const share: f32 = 1 / <f32>channels;
  for (let i = 0; i < count; i++) {
    let sum: f32 = 0;
    for (let c = 0; c < channels; c++) sum += samples[i * channels + c];
    target[end + i] = sum * share;
  }
}

/** Appends one channel of `count` interleaved samples to `target`. */
export function appendChannel(target: Floats, samples: Floats, channels: i32, channel: i32, count: i32): void {
  if (channels == 1) return target.append(samples.pointer, count);
  const end = target.length;
  target.resize(end + count);
  for (let i = 0; i < count; i++) target[end + i] = samples[i * channels + channel];
}
