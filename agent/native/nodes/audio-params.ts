// What AudioSource is called, takes and gives. `device`, `sample_rate` and `channels` are the upstream's.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { bufferMs, describeParams, frameMs, reconnect, samples, stallMs } from "./source-params.ts";

export const audioParams = z.strictObject({
  device: z
    .string()
    .min(1)
    .max(256)
    .default("default")
    .describe(
      "`default`, a microphone's id or name as `remotemedia probe` lists it, or an address such as `hw:CARD=USB,DEV=0`.",
    ),
  sample_rate: z.int().min(1000).max(768_000).optional().describe("In Hz; without it as the device has it."),
  channels: z.int().min(1).max(64).optional().describe("Without it as the device has them, at most two."),
  format: samples,
  frame_ms: frameMs,
  buffer_ms: bufferMs,
  api: z
    .enum(["auto", "alsa", "pulse"])
    .default("auto")
    .describe(
      "Whom to ask: ALSA, or the sound server (PulseAudio, PipeWire); `auto` takes the server where there is one.",
    ),
  reconnect,
  stall_ms: stallMs(5000),
});

export const audioDescriptor: NodeDescriptor = {
  name: "AudioSource",
  version: "1.0.0",
  summary:
    "Sound of a microphone of this machine, timed by its capture clock; lost and found while the run goes on.",
  inputs: {},
  outputs: {
    out: {
      kinds: ["audio"],
      required: true,
      description: "Interleaved samples, `frame_ms` a frame; shorter before a gap.",
    },
  },
  params: describeParams(audioParams),
  limits: {},
  needs: { devices: ["microphone"] },
  stateful: true,
};
