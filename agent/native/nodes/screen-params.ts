// What ScreenSource is called, takes and gives.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { bufferFrames, describeParams, pixels, reconnect, side, stallMs } from "./source-params.ts";

const corner = z.int().min(0).max(16_384).default(0);

export const screenParams = z.strictObject({
  display: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9.-]*:\d{1,5}(\.\d{1,3})?$/, "a display of X11, for example :0")
    .default(":0")
    .describe("X11's display."),
  x: corner.describe("The region's left edge, in pixels."),
  y: corner.describe("The region's upper edge, in pixels."),
  width: side.optional().describe("The region's width; without it the whole screen."),
  height: side.optional().describe("The region's height; without it the whole screen."),
  fps: z.number().min(0.1).max(240).default(15).describe("Pictures a second."),
  pixels,
  reconnect,
  buffer_frames: bufferFrames,
  stall_ms: stallMs(5000),
});

export const screenDescriptor: NodeDescriptor = {
  name: "ScreenSource",
  version: "1.0.0",
  summary: "Pictures of a screen of this machine, or of a region of it.",
  inputs: {},
  outputs: {
    out: { kinds: ["video"], required: true, description: "Pictures; late ones are dropped and counted." },
  },
  params: describeParams(screenParams),
  limits: {},
  needs: {},
  stateful: true,
};
