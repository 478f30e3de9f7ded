// Whether this machine alone can run every node.
import type { Reason } from "../capability/match-capabilities.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import type { Assignment, Place } from "./place.ts";

/** A node that runs without something that it prefers. */
export interface DegradedNode {
  readonly node: string;
  readonly missing: readonly Reason[];
}

/** Holds every node to this machine; gives the nodes that run, but not as they would like to. `statement` is only called, and once,
 * where a node requires or prefers anything, or asks for another machine.
 * @throws RemoteMediaError `placement-impossible`, as `placeNodes` */
export async function checkPlacement(
  pipeline: ResolvedPipeline,
  statement: () => Promise<CapabilityStatement>,
): Promise<DegradedNode[]> {
  if (!pipeline.nodes.some(hasWishes)) return [];
  // Most pipelines ask nothing: they don't load what decides between machines.
  const { placeNodes } = await import("./place-nodes.ts");
  return findDegraded(placeNodes(pipeline, [localPlace(await statement())]));
}

/** This machine as a place. */
export function localPlace(statement: CapabilityStatement): Place {
  const way = { rttMs: 0, bytesPerSecond: undefined, addresses: [], price: 0 };
  return { id: "local", name: statement.device, statement, ...way };
}

/** The nodes that are placed where something is missing that they prefer. */
export function findDegraded({ decisions }: Assignment): DegradedNode[] {
  return [...decisions.values()].flatMap(({ node, considered: [chosen] }) =>
    chosen === undefined || chosen.missing.length === 0 ? [] : [{ node, missing: chosen.missing }],
  );
}

function hasWishes({ host, placement, requirements }: ResolvedNode): boolean {
  const isOnlyPeers = placement.prefer?.includes("local") === false;
  return host !== undefined || isOnlyPeers || requirements.some((needs) => Object.keys(needs).length > 0);
}
