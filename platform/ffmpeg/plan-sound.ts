// A microphone into FFmpeg's options. Pure.
import { RemoteMediaError } from "../base/error.ts";
import type { CaptureInput } from "../contract/media-capture.ts";
import type { InputPlan } from "./input-plan.ts";

type SoundInput = Extract<CaptureInput, { kind: "alsa" | "pulse" }>;

/** How much sound comes at a time from a sound server, in milliseconds; left to itself it may be seconds. */
const fragmentMs = 20;
const defaultRate = 48_000;
const defaultChannels = 2;

/** The times are the wall clock's, less what waits in the device's buffer. A device that has only 32-bit samples, as microphones on
 * I2S have, is asked for those when it refuses 16-bit ones, and the other way round. */
export function planSound(input: SoundInput, samples: "s16le" | "s32le" | "f32le" | undefined): InputPlan {
  const rate = input.rate === undefined ? [] : ["-sample_rate", `${input.rate}`];
  const channels = input.channels === undefined ? [] : ["-channels", `${input.channels}`];
  // Packets wait in FFmpeg while ours waits for its turn, instead of running over in the device.
  const common = ["-probesize", "32", "-analyzeduration", "0", "-thread_queue_size", "64", "-f", input.kind];
  const common16 = ["-c:a", "pcm_s16le"];
  const common32 = ["-c:a", "pcm_s32le"];
  const fragment = input.kind === "pulse" ? ["-fragment_size", `${fragmentBytes(input)}`] : [];
  return {
    times: "wall",
    subject: {
      kind: "sound",
      name: `${input.kind} device ${checkSoundDevice(input.kind, input.device)}`,
    },
    input: input.device,
    options: [...common, ...rate, ...channels, ...fragment],
    ways: samples === "s16le" ? [common16, common32] : [common32, common16],
    isEndless: true,
  };
}

function fragmentBytes({ rate = defaultRate, channels = defaultChannels }: SoundInput): number {
  return Math.round((rate * fragmentMs) / 1000) * channels * 4;
}

/** ALSA's names are a small language: its `file` and `tee` devices read and write files. Gives the name back; throws `device-missing`. */
export function checkSoundDevice(kind: "alsa" | "pulse", device: string): string {
  const isName = /^[A-Za-z0-9_.@-]{1,128}(?::[A-Za-z0-9_.,=@ -]{0,128})?$/.test(device);
  const readsFiles = kind === "alsa" && /^(?:file|tee)(?::|$)/.test(device);
  if (isName && !readsFiles && !device.startsWith("-")) return device;
  throw new RemoteMediaError(
    "device-missing",
    `No ${kind} device can have the name ${JSON.stringify(device)}.`,
    {
      hint: "See which devices there are with: remotemedia probe",
    },
  );
}
