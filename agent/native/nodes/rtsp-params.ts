// What RtspSource is called, takes and gives.
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
  reconnect,
  samples,
  side,
  stallMs,
} from "./source-params.ts";

export const rtspParams = z.strictObject({
  // Its form is checked where it is opened: a message about a param repeats the value, and this one may hold a password.
  url: z.string().describe("`rtsp://host:port/path`, or rtsps. Credentials in it are shown by no message."),
  transport: z.enum(["tcp", "udp"]).default("tcp").describe("What carries the media."),
  listen: z
    .boolean()
    .default(false)
    .describe("Waits at the address for a camera that pushes, instead of asking one."),
  pixels,
  width: side.optional().describe("Scaled to this; without it as the camera sends them."),
  height: side.optional().describe("Scaled to this."),
  max_fps: maxFps,
  samples,
  sample_rate: z
    .int()
    .min(1000)
    .max(768_000)
    .optional()
    .describe("In Hz; without it as the camera sends it."),
  channels: z.int().min(1).max(64).optional().describe("Without it as the camera sends them."),
  frame_ms: frameMs,
  hardware,
  reconnect,
  buffer_frames: bufferFrames,
  buffer_ms: bufferMs,
  stall_ms: stallMs(10_000),
});

export type RtspParams = z.infer<typeof rtspParams>;

export const rtspDescriptor: NodeDescriptor = {
  name: "RtspSource",
  version: "1.0.0",
  summary: "Pictures and sound of a network camera over RTSP; reconnects while the run goes on.",
  inputs: {},
  outputs: {
    video: { kinds: ["video"], required: false, description: "Pictures; late ones are dropped and counted." },
    audio: {
      kinds: ["audio"],
      required: false,
      description: "Interleaved samples, `frame_ms` a frame; shorter before a gap.",
    },
  },
  params: describeParams(rtspParams),
  limits: {},
  needs: {},
  stateful: true,
};
