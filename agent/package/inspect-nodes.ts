// The nodes of a package's pipeline: whose code they are, what they may use and what they ask for.
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestNode } from "../manifest/node-schema.ts";
import { resolveLimits } from "../manifest/resolve-limits.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import type { InspectedNode } from "./inspection.ts";

/** The descriptor of a built-in node type. */
export type LookupNode = (type: string) => NodeDescriptor | undefined;

/** `modules` are the node.json of the pipeline's own modules by node type. */
export function inspectNodes(
  pipeline: Manifest,
  modules: ReadonlyMap<string, NodeDescriptor>,
  lookup: LookupNode = () => undefined,
): readonly InspectedNode[] {
  return pipeline.nodes.map((node) => {
    const { id, node_type, host, placement, grants } = node;
    const path = Object.hasOwn(pipeline.modules, node_type) ? pipeline.modules[node_type]!.path : undefined;
    const builtin = path === undefined ? lookup(node_type) : undefined;
    const descriptor = modules.get(node_type) ?? builtin;
    return {
      id,
      node_type,
      from: path !== undefined ? "module" : builtin === undefined ? "unknown" : "builtin",
      ...(path === undefined ? {} : { module: path }),
      ...(host === undefined ? {} : { host }),
      ...(placement === undefined ? {} : { placement }),
      limits: limitsOf(node, descriptor),
      ...(grants === undefined ? {} : { grants }),
      needs: [node.capabilities, descriptor?.needs].filter(isSomething),
    };
  });
}

function limitsOf(node: ManifestNode, descriptor: NodeDescriptor | undefined): Record<string, number> {
  const limits = resolveLimits(node.limits, descriptor?.limits ?? {});
  return {
    max_memory_mb: limits.maxMemoryBytes / (1024 * 1024),
    max_execution_ms: limits.maxExecutionMs,
    ...(limits.maxFuel === undefined ? {} : { max_fuel: Number(limits.maxFuel) }),
    max_output_bytes: limits.maxOutputBytes,
    max_frames_out: limits.maxFramesOut,
  };
}

function isSomething(needs: object | undefined): boolean {
  return needs !== undefined && Object.keys(needs).length > 0;
}
