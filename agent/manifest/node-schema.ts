// One node of a manifest.
import { z } from "zod";
import { capabilitySchema } from "../capability/requirements.ts";
import { limitsSchema } from "../node/descriptor.ts";
import { defaultErrorPolicy } from "../node/failure.ts";
import { insidePath } from "./inside-path.ts";
import { upstreamNodeFields } from "./upstream.ts";

export const placementPolicies = ["latency", "balanced", "greedy", "cost"] as const;

/** A node's id; ids appear in reports, in `--set` and in `node.port=FILE`. */
const nodeId = z
  .string()
  .max(128)
  .regex(/^[a-zA-Z0-9_-]+$/, "letters, digits, underscores and dashes");

const host = z
  .string()
  .max(255)
  .regex(
    /^(?:webrtc:\/\/)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._-]+)?$/,
    "a peer's name, host:port, or webrtc://host:port/pipeline",
  );

const onErrorSchema = z.strictObject({
  action: z
    .enum(["restart", "skip", "stop"])
    .default(defaultErrorPolicy.action)
    .describe(
      "`restart` drops the frame and goes on with a fresh instance; `skip` drops the frame and keeps the instance, only after `node-bad-input`; `stop` ends the run.",
    ),
  give_up_after: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(defaultErrorPolicy.giveUpAfter)
    .describe("Failures in a row that end the run."),
});

const placementSchema = z.strictObject({
  prefer: z
    .array(z.enum(["local", "peer"]))
    .min(1)
    .max(2)
    .optional()
    .describe("Where to try first: this device or its peers. What isn't listed is never tried."),
  deadline_ms: z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .describe(
      "Milliseconds that a frame may take there and back. Machines that are measured to take longer come last.",
    ),
  policy: z.enum(placementPolicies).optional().describe("Overrides the pipeline's policy for this node."),
});

const grantsSchema = z.strictObject({
  filesystem: z
    .strictObject({
      read: z.array(insidePath).max(64).describe("Folders and files, relative to the manifest."),
    })
    .optional()
    .describe("Files the node may read."),
  network: z
    .strictObject({ http: z.array(z.string().min(1).max(255)).max(64).describe("Host names.") })
    .optional()
    .describe("Hosts the node may ask over HTTP."),
});

/** The schema of one element of `nodes`. */
export const manifestNodeSchema = z.strictObject({
  id: nodeId.describe("Unique within the manifest: letters, digits, `_` and `-`."),
  node_type: z.string().min(1).max(128).describe("A built-in node type, or a key of `modules`."),
  description: z.string().max(4096).optional().describe("For people."),
  params: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("The node's parameters, checked against the JSON Schema in its node.json."),
  limits: limitsSchema
    .default({})
    .describe(
      "What the node may use. What is not said comes from its node.json; a device's policy may lower each.",
    ),
  on_error: onErrorSchema
    .default({ action: defaultErrorPolicy.action, give_up_after: defaultErrorPolicy.giveUpAfter })
    .describe("What a failure of the node leads to."),
  capabilities: capabilitySchema
    .optional()
    .describe(
      "What the node needs. A requirement that isn't met refuses the pipeline; it is never almost met.",
    ),
  placement: placementSchema.optional().describe("Wishes about where the node runs."),
  host: host
    .optional()
    .describe("Pins the node to a peer: its name, `host:port`, or `webrtc://host:port/pipeline`."),
  grants: grantsSchema
    .optional()
    .describe("What the node may reach beyond its frames. Denied unless the device's policy allows it too."),
  ...upstreamNodeFields,
});

export type ManifestNode = z.infer<typeof manifestNodeSchema>;
export type NodeGrants = z.infer<typeof grantsSchema>;
export type NodePlacement = z.infer<typeof placementSchema>;
export type PlacementPolicy = (typeof placementPolicies)[number];
