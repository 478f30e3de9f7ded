// The one schema of manifest v1: types, checks, JSON Schema and reference page all come from it.
import { z } from "zod";
import { parseOciReference } from "../../platform/base/oci-reference.ts";
import { insidePath } from "./inside-path.ts";
import { manifestNodeSchema, placementPolicies } from "./node-schema.ts";
import { upstreamManifestFields, upstreamMetadataFields } from "./upstream.ts";

/** A blob of another project, by its digest: what a tag means may change, this doesn't. */
const baseReference = z
  .string()
  .max(1024)
  .refine(isBlobReference, { error: "expected oci://HOST/REPOSITORY@sha256:DIGEST, without a tag" });

function isBlobReference(text: string): boolean {
  try {
    const { tag, digest } = parseOciReference(text);
    return tag === undefined && digest !== undefined;
  } catch {
    return false;
  }
}

const moduleSchema = z.strictObject({
  path: insidePath.describe(
    "The component, relative to the manifest. A `node.json` beside it describes the node.",
  ),
  base: baseReference
    .optional()
    .describe(
      "The same component in a registry, `oci://HOST/REPOSITORY@sha256:DIGEST`: `build` fetches it where the file isn't there, `push` to that registry mounts it instead of copying. A file that is there must have that digest.",
    ),
});

const metadataSchema = z.strictObject({
  name: z.string().max(255).optional().describe("The pipeline's name (default `pipeline`)."),
  description: z.string().max(4096).optional().describe("For people."),
  version: z.string().max(64).optional().describe("The pipeline's own version."),
  author: z.string().max(255).optional().describe("Who made it."),
  created_at: z.string().max(64).optional().describe("When, in ISO 8601."),
  ...upstreamMetadataFields,
});

const connectionSchema = z.strictObject({
  from: z.string().min(1).max(128).describe("The id of the node that gives."),
  from_port: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("Its output port (default: the only one, else `out`)."),
  to: z.string().min(1).max(128).describe("The id of the node that takes."),
  to_port: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("Its input port (default: the only one, else `in`)."),
});

const connections = z.array(connectionSchema).max(16_384);

/** The schema of a whole manifest, as it is written. */
export const manifestSchema = z.strictObject({
  $schema: z.string().max(1024).optional().describe("For editors; not read."),
  version: z.literal("v1").describe("The version of this format."),
  metadata: metadataSchema.default({}).describe("What the pipeline is called."),
  modules: z
    .record(
      z
        .string()
        .max(128)
        .regex(/^[A-Za-z][A-Za-z0-9_]*$/),
      moduleSchema,
    )
    .default({})
    .describe("Node types that the manifest brings along. One with a built-in's name stands in for it."),
  nodes: z.array(manifestNodeSchema).min(1).max(4096).describe("The nodes."),
  connections: connections.optional().describe("Which output feeds which input."),
  edges: connections.optional().describe("Another name of `connections`; only one of the two may be there."),
  placement: z
    .strictObject({
      policy: z
        .enum(placementPolicies)
        .default("latency")
        .describe("What decides between machines that could run a node."),
    })
    .optional()
    .describe("How nodes without a `host` are spread over machines."),
  ...upstreamManifestFields,
});

export type ManifestDocument = z.infer<typeof manifestSchema>;
export type ManifestConnection = z.infer<typeof connectionSchema>;
export type ModuleReference = z.infer<typeof moduleSchema>;

let schemaAsJson: Record<string, unknown> | undefined;

/** The manifest's JSON Schema (2020-12), as an author writes manifests: fields with a default are optional. */
export function manifestJsonSchema(): Record<string, unknown> {
  schemaAsJson ??= z.toJSONSchema(manifestSchema, { io: "input", target: "draft-2020-12" }) as Record<
    string,
    unknown
  >;
  return schemaAsJson;
}
