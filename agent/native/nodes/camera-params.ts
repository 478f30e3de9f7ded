// What CameraSource is called, takes and gives.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { bufferFrames, describeParams, hardware, pixels, reconnect, side, stallMs } from "./source-params.ts";

export const cameraParams = z.strictObject({
  device: z
    .string()
    .min(1)
    .max(256)
    .default("default")
    .describe(
      "`default` (the first camera), a camera's id or name as `remotemedia probe` lists it, or `/dev/videoN`.",
    ),
  width: side.optional().describe("In pixels, exactly; without it the camera's best mode is chosen."),
  height: side.optional().describe("In pixels, exactly."),
  fps: z
    .number()
    .min(0.01)
    .max(1000)
    .optional()
    .describe("Pictures a second; the camera must have that rate."),
  pixels,
  format: z
    .string()
    .regex(/^[A-Za-z0-9 _.-]{4}$/, "four characters, for example YUYV")
    .optional()
    .describe(
      "The camera's own pixel format by its four characters, for example `MJPG`; without it one is chosen.",
    ),
  hardware,
  reconnect,
  buffer_frames: bufferFrames,
  stall_ms: stallMs(5000),
});

export const cameraDescriptor: NodeDescriptor = {
  name: "CameraSource",
  version: "1.0.0",
  summary:
    "Pictures of a camera of this machine, timed by its capture clock; lost and found while the run goes on.",
  inputs: {},
  outputs: {
    out: {
      kinds: ["video"],
      required: true,
      description: "Pictures, the newest first of all: late ones are dropped and counted.",
    },
  },
  params: describeParams(cameraParams),
  limits: {},
  needs: { devices: ["camera"] },
  stateful: true,
};
