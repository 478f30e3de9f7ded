// What a peer is sent of a pipeline: a manifest of one stage's nodes, and whether they remember anything.

import type { ManifestNode } from "../manifest/node-schema.ts";
import type { PortReference, ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import type { NodeLimits } from "../node/limits.ts";
import type { Stage } from "./plan.ts";

/** A manifest, version 1, of the stage's nodes, the modules that they are of and the connections between them: JSON text, in the order of
 * the stage. Params have their defaults, limits and error policy are written out. What decided that the stage runs there (`host`,
 * `placement`, `capabilities`) is left out, since it would be held against the peer's peers; what the nodes' own node.json needs, the
 * peer finds there. Resolved again by a catalog with the same types, it gives the same nodes and connections. */
export function writeSubManifest(pipeline: ResolvedPipeline, stage: Stage): string {
  const modules = stage.nodes.flatMap(({ type, module }) =>
    module === undefined ? [] : [[type, module] as const],
  );
  return JSON.stringify({
    version: "v1",
    metadata: { name: pipeline.name },
    ...(modules.length === 0 ? {} : { modules: Object.fromEntries(modules) }),
    nodes: stage.nodes.map(writeNode),
    connections: stage.links.map(({ from, to }) => writeConnection(from, to)),
  });
}

/** Whether a call of the stage may depend on earlier ones: then its frames can't be spread over several machines, nor replayed on
 * another without a gap. */
export function isStateful({ nodes }: Pick<Stage, "nodes">): boolean {
  return nodes.some(({ descriptor }) => descriptor.stateful);
}

function writeNode({ id, type, params, limits, policy }: ResolvedNode): Partial<ManifestNode> {
  return {
    id,
    node_type: type,
    params: { ...params },
    limits: writeLimits(limits),
    on_error: { action: policy.action, give_up_after: policy.giveUpAfter },
  };
}

/** Rounded down to what a manifest can say: a limit may get lower on the way, never higher. */
function writeLimits(limits: NodeLimits): ManifestNode["limits"] {
  const { maxFuel } = limits;
  return {
    max_memory_mb: atLeastOne(limits.maxMemoryBytes / 2 ** 20),
    max_execution_ms: atLeastOne(limits.maxExecutionMs),
    max_output_bytes: atLeastOne(limits.maxOutputBytes),
    max_frames_out: atLeastOne(limits.maxFramesOut),
    ...(maxFuel === undefined
      ? {}
      : { max_fuel: Math.min(atLeastOne(Number(maxFuel)), Number.MAX_SAFE_INTEGER) }),
  };
}

function atLeastOne(value: number): number {
  return Math.max(1, Math.floor(value));
}

function writeConnection(from: PortReference, to: PortReference) {
  return { from: from.node, from_port: from.port, to: to.node, to_port: to.port };
}
