// What SyntheticSource is called, takes and gives.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { testSignals } from "../synthetic/test-sound.ts";
import { describeParams, frameMs, pixels, samples } from "./source-params.ts";

const evenSide = (least: number) => z.int().min(least).max(8192).multipleOf(2);

export const syntheticParams = z.strictObject({
  width: evenSide(64).default(640).describe("Of the pictures, in pixels; even."),
  height: evenSide(48).default(480).describe("Of the pictures, in pixels; even."),
  fps: z.number().min(0.01).max(1000).default(30).describe("Pictures a second."),
  pixels: pixels.describe("Pixel layout of the pictures."),
  start_at: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe("Number of the first picture, as it stands in it."),
  signal: z
    .enum(testSignals)
    .default("tones")
    .describe(
      "What is heard: another pitch each second, phrases with pauses that detectors take for speech, or nothing.",
    ),
  sample_rate: z.int().min(8000).max(192_000).default(16_000).describe("In Hz."),
  channels: z.int().min(1).max(8).default(1),
  format: samples.describe("Sample layout of the sound."),
  frame_ms: frameMs,
  realtime: z
    .boolean()
    .default(true)
    .describe(
      "Gives frames when they are due, as devices do: late ones are dropped and counted. `false` gives all, as fast as they are taken.",
    ),
  duration_s: z.number().min(0.001).max(1e8).optional().describe("Without it the source never ends."),
});

export type SyntheticParams = z.infer<typeof syntheticParams>;

export const syntheticDescriptor: NodeDescriptor = {
  name: "SyntheticSource",
  version: "1.0.0",
  summary:
    "Numbered test pictures in which something moves now and then, and test sound; no device is needed.",
  inputs: {},
  outputs: {
    video: {
      kinds: ["video"],
      required: false,
      description:
        "Colour bars, a block that moves for 2 s and rests for 2 s, the picture's number in digits and in cells.",
    },
    audio: { kinds: ["audio"], required: false, description: "Interleaved samples, `frame_ms` a frame." },
  },
  params: describeParams(syntheticParams),
  limits: {},
  needs: {},
  stateful: true,
};
