// Fields that the RemoteMedia SDK's manifests may hold: what we honour is accepted, the rest is refused by name with the reason.
import { z } from "zod";
import type { JsonPath } from "./json-path.ts";

const note = "From the RemoteMedia SDK. ";

/** Of the whole manifest. */
export const upstreamManifestFields = {
  plugins: z.array(z.unknown()).max(0).optional().describe(`${note}Only an empty list is accepted.`),
  python_env: z.never().optional().describe(`${note}Always refused.`),
};

/** Of `metadata`. */
export const upstreamMetadataFields = {
  auto_negotiate: z.literal(false).optional().describe(`${note}Only \`false\` is accepted.`),
};

/** Of a node. */
export const upstreamNodeFields = {
  is_streaming: z.boolean().optional().describe(`${note}Accepted without effect: every node streams.`),
  fast_path: z.boolean().optional().describe(`${note}Accepted without effect: limits hold on every call.`),
  runtime_hint: z.literal("auto").optional().describe(`${note}Only \`auto\` is accepted.`),
  execution: z
    .strictObject({
      placement: z
        .enum(["auto", "local", "prefer_local", "prefer_remote"])
        .default("auto")
        .describe("Where it should run."),
      reason: z.string().max(1000).optional().describe("For people."),
    })
    .optional()
    .describe(`${note}Taken as \`placement.prefer\`, which comes first where both are there.`),
  is_output_node: z.literal(false).optional().describe(`${note}Only \`false\` is accepted.`),
  media_capabilities: z.never().optional().describe(`${note}Always refused.`),
  docker: z.never().optional().describe(`${note}Always refused.`),
  python_deps: z.array(z.string()).max(0).optional().describe(`${note}Only an empty list is accepted.`),
};

interface Refusal {
  readonly reason: string;
  readonly hint: string;
}

const noPython = "nodes run as WebAssembly components, without a Python environment of their own";
const refusals: Readonly<Record<string, Refusal>> = {
  plugins: {
    reason: "native plugins can't be sandboxed",
    hint: "list WebAssembly nodes under `modules` instead",
  },
  python_env: { reason: noPython, hint: "build the node as a component and list it under `modules`" },
  "metadata.auto_negotiate": {
    reason: "no conversion is inserted behind the author's back",
    hint: "add the conversion as a node, for example FastResampleNode",
  },
  "nodes.runtime_hint": { reason: noPython, hint: 'remove it, or write "auto"' },
  "nodes.execution": {
    reason:
      "only the placements auto, local, prefer_local and prefer_remote can be honoured, without a fallback",
    hint: "pin the node with `host`, or say what it needs with `capabilities`",
  },
  "nodes.is_output_node": {
    reason: "an output goes to --output only when nothing is connected to it",
    hint: "connect a PassThrough to the port as a second branch",
  },
  "nodes.media_capabilities": {
    reason: "what a port takes and gives is stated by the node's node.json",
    hint: "remove it",
  },
  "nodes.docker": { reason: "nodes run as WebAssembly components, not as containers", hint: "remove it" },
  "nodes.python_deps": {
    reason: noPython,
    hint: "build the node as a component with its dependencies inside",
  },
};

/** Why an upstream field with this value is refused; undefined when the path is not of an upstream field. */
export function upstreamRefusal(path: JsonPath): (Refusal & { readonly field: string }) | undefined {
  const [top] = path;
  if (typeof top !== "string") return undefined;
  const inner = top === "nodes" ? path[2] : top === "metadata" ? path[1] : undefined;
  const field = inner === undefined ? top : `${top}.${inner}`;
  const refusal = Object.hasOwn(refusals, field) ? refusals[field] : undefined;
  return refusal && { ...refusal, field: String(inner ?? top) };
}
