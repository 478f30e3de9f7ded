// The level of interleaved samples, of all channels together or of one.
import { Floats } from "../floats";
import { energy } from "./dot";

/** Root mean square of all samples; 0 when there are none. */
export function rms(samples: Floats): f64 {
  return samples.length == 0 ? 0 : Math.sqrt(energy(samples.pointer, samples.length) / <f64>samples.length);
}

/** Root mean square of one of `channels` interleaved channels. */
export function channelRms(samples: Floats, channels: i32, channel: i32): f64 {
  const count = samples.length / channels;
  let sum: f64 = 0;
  for (let i = channel; i < samples.length; i += channels) sum += <f64>samples[i] * <f64>samples[i];
  return count == 0 ? 0 : Math.sqrt(sum / <f64>count);
}
