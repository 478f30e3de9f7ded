// node.json: what a node type is called, takes, gives, accepts as params and needs.
import { z } from "zod";
import { payloadKinds } from "./frame.ts";

const portSchema = z.strictObject({
  kinds: z.array(z.enum(payloadKinds)).min(1).describe("Payload kinds the port takes or gives."),
  required: z
    .boolean()
    .default(true)
    .describe(
      "Of an input: whether it must be connected. Of an output: `false` gives frames only where something takes them.",
    ),
  description: z.string().optional(),
});

const portName = z.string().regex(/^[a-z][a-z0-9-]*$/, "a port is lower-case letters, digits and dashes");

/** Limits as manifests and descriptors write them; every key optional. */
export const limitsSchema = z.strictObject({
  max_memory_mb: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe("Linear memory, in MiB (default 256)."),
  max_execution_ms: z
    .number()
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .describe("Wall clock a call, in milliseconds (default 5000)."),
  max_fuel: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Units of the deterministic meter a call (default: no limit)."),
  max_output_bytes: z
    .number()
    .int()
    .min(1)
    .max(1_073_741_824)
    .optional()
    .describe("Bytes of all frames a call gives (default 64 MiB)."),
  max_frames_out: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("Frames a call gives (default 1024)."),
});

/** The schema of `node.json`. */
export const nodeDescriptorSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  summary: z.string().max(200),
  inputs: z.record(portName, portSchema).default({}),
  outputs: z.record(portName, portSchema).default({}),
  params: z
    .record(z.string(), z.unknown())
    .describe("A JSON Schema (2020-12) of the params object.")
    .optional(),
  limits: limitsSchema.default({}),
  needs: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("Capabilities required, as in a manifest's `capabilities`."),
  stateful: z.boolean().default(false).describe("Whether a call depends on earlier ones."),
});

export type NodeDescriptor = z.infer<typeof nodeDescriptorSchema>;
export type PortDescriptor = z.infer<typeof portSchema>;
export type LimitsDocument = z.infer<typeof limitsSchema>;

/** What a module without a `node.json` beside it is: one input `in`, one output `out`, every kind, unchecked params. */
export function anonymousDescriptor(name: string): NodeDescriptor {
  const any = { kinds: [...payloadKinds], required: true };
  return {
    name,
    version: "0.0.0",
    summary: "A module without a node.json.",
    inputs: { in: any },
    outputs: { out: any },
    limits: {},
    needs: {},
    stateful: true,
  };
}
