// What FileSource is called, takes and gives.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import {
  bufferFrames,
  bufferMs,
  describeParams,
  frameMs,
  hardware,
  maxFps,
  pixels,
  samples,
  side,
} from "./source-params.ts";

export const fileParams = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(4096)
    .describe("A media file, relative to the folder that the run was started in."),
  realtime: z
    .boolean()
    .default(false)
    .describe(
      "Gives frames at the pace of their times, as a camera does: late ones are dropped and counted.",
    ),
  loop: z.boolean().default(false).describe("Begins again at the end, for ever; times go on."),
  pixels,
  width: side.optional().describe("Scaled to this; without it as the file has them."),
  height: side.optional().describe("Scaled to this."),
  max_fps: maxFps,
  samples,
  sample_rate: z.int().min(1000).max(768_000).optional().describe("In Hz; without it as the file has it."),
  channels: z.int().min(1).max(64).optional().describe("Without it as the file has them."),
  frame_ms: frameMs,
  hardware,
  buffer_frames: bufferFrames.describe(
    "With `realtime`: pictures that wait for the pipeline; of more, the oldest is dropped.",
  ),
  buffer_ms: bufferMs.describe(
    "With `realtime`: milliseconds of sound that wait for the pipeline; of more, the oldest is dropped.",
  ),
});

export type FileParams = z.infer<typeof fileParams>;

export const fileDescriptor: NodeDescriptor = {
  name: "FileSource",
  version: "1.0.0",
  summary: "Pictures and sound of a media file, as fast as the pipeline takes them or at their own pace.",
  inputs: {},
  outputs: {
    video: { kinds: ["video"], required: false, description: "Pictures with the file's own times." },
    audio: {
      kinds: ["audio"],
      required: false,
      description: "Interleaved samples, `frame_ms` a frame; shorter before a gap.",
    },
  },
  params: describeParams(fileParams),
  limits: {},
  needs: {},
  stateful: true,
};
