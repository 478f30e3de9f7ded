// Manifest + known node types → a pipeline that is sound, or an error that lists every mistake.
import type { NodeCatalog } from "./catalog.ts";
import { quote } from "./json-path.ts";
import type { Manifest } from "./manifest.ts";
import { findOpenPorts } from "./open-ports.ts";
import { ProblemList } from "./problem-list.ts";
import { resolveConnections } from "./resolve-connections.ts";
import type { LimitsPolicy } from "./resolve-limits.ts";
import { resolveNodes } from "./resolve-nodes.ts";
import type { ResolvedPipeline } from "./resolved.ts";
import { sortGraph } from "./sort-graph.ts";

/** Resolves node types, params, limits, ports and the graph. Pure: nothing is read, the manifest is left as it is. `policy` is the
 * most that this device allows a node. Throws RemoteMediaError `node-unknown`, `node-invalid-params`, `node-descriptor-invalid`
 * or `manifest-graph`; several problems are listed in its `problems`. */
export function resolvePipeline(
  manifest: Manifest,
  catalog: NodeCatalog,
  policy: LimitsPolicy = {},
): ResolvedPipeline {
  const problems = new ProblemList();
  const nodes = resolveNodes(manifest, catalog, policy, problems);
  const connections = resolveConnections(manifest, nodes, problems);
  const sorted = sortGraph(
    [...new Set(manifest.nodes.map((node) => node.id))],
    manifest.connections.filter(({ from, to }) => from !== to).map(({ from, to }) => [from, to] as const),
  );
  if (sorted.cycle !== undefined) reportCycle(manifest, sorted.cycle, problems);
  problems.throwIfAny();
  // What an unfed port is can only be said of connections that are all sound.
  const { openInputs, openOutputs } = findOpenPorts(manifest, nodes, connections, problems);
  problems.throwIfAny();
  return {
    name: manifest.name,
    nodes,
    connections,
    openInputs,
    openOutputs,
    topologicalOrder: sorted.order ?? [],
    where: manifest.where,
  };
}

const mostNamed = 20;

function reportCycle(manifest: Manifest, cycle: readonly string[], problems: ProblemList): void {
  const closing = manifest.connections.findIndex(({ from, to }) => from === cycle.at(-1) && to === cycle[0]);
  const named = cycle.length > mostNamed ? [...cycle.slice(0, mostNamed), "…"] : cycle;
  const message = `the connections go round in a circle: ${[...named, cycle[0]].join(" → ")}`;
  const where = manifest.where([manifest.connectionsField, closing]);
  problems.add(
    "manifest-graph",
    message,
    where,
    `remove the connection ${quote(cycle.at(-1)!)} → ${quote(cycle[0]!)}`,
  );
}
