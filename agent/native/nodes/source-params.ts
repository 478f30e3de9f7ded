// Params that several native sources share, and how a zod schema becomes the JSON Schema of a descriptor.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { pixelFormats } from "../../node/frame.ts";

/** The JSON Schema of a node's params, as its descriptor carries it. One declaration gives the checks, the defaults and the types. */
export function describeParams(schema: z.ZodObject): NonNullable<NodeDescriptor["params"]> {
  return { ...z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" }), additionalProperties: false };
}

/** Pixels a side: what the payload of a picture can be. */
export const side = z.int().min(16).max(16_384);

export const pixels = z
  .enum(pixelFormats)
  .default("i420")
  .describe("Pixel layout of the frames, whatever the source has.");

export const samples = z
  .enum(["s16le", "f32le"])
  .default("s16le")
  .describe("Sample layout of the frames, whatever the source has.");

export const reconnect = z
  .boolean()
  .default(true)
  .describe("Waits for a source that is lost, and goes on; `false` ends the run with the error.");

/** How long silence lasts until the source counts as lost. */
export function stallMs(standard: number) {
  return z
    .int()
    .min(100)
    .max(600_000)
    .default(standard)
    .describe("Milliseconds without a frame after which the source counts as lost.");
}

export const bufferFrames = z
  .int()
  .min(1)
  .max(256)
  .default(2)
  .describe("Pictures that wait for the pipeline; of more, the oldest is dropped and counted.");

export const bufferMs = z
  .int()
  .min(10)
  .max(60_000)
  .default(1000)
  .describe("Milliseconds of sound that wait for the pipeline; of more, the oldest is dropped and counted.");

export const frameMs = z.int().min(1).max(1000).default(20).describe("Milliseconds of sound a frame holds.");

export const maxFps = z
  .number()
  .min(0.01)
  .max(1000)
  .optional()
  .describe("Pictures a second at most; the others are left out, times stay.");

export const hardware = z
  .enum(["auto", "off"])
  .default("auto")
  .describe("Whether a hardware decoder is used where the machine has one.");
