// Whether every node can run where it has to: on this machine, the only candidate there is.
import { matchCapabilities, type Reason } from "../capability/match-capabilities.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { quote } from "../manifest/json-path.ts";
import { ProblemList } from "../manifest/problem-list.ts";
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";

/** A node that runs without something that it prefers. */
export interface DegradedNode {
  readonly node: string;
  readonly missing: readonly Reason[];
}

/** Holds every node to this machine; gives the nodes that run, but not as they would like to. `statement` is only called, and once,
 * where a node requires or prefers anything. Throws RemoteMediaError `placement-impossible` for nodes that are pinned to a host or require
 * what this machine doesn't have: each candidate is named with its reasons, and several nodes are listed in `problems`. */
export async function checkPlacement(
  pipeline: ResolvedPipeline,
  statement: () => Promise<CapabilityStatement>,
): Promise<DegradedNode[]> {
  const problems = new ProblemList();
  const degraded: DegradedNode[] = [];
  const local = pipeline.nodes.some(hasWishes) ? await statement() : undefined;
  for (const node of pipeline.nodes) {
    if (node.host !== undefined) refusePinned(node, node.host, pipeline, problems);
    else if (local !== undefined) {
      const match = matchCapabilities(node.requirements, local);
      if (match.verdict === "refused") refuseUnmet(node, match.reasons, pipeline, problems);
      if (match.verdict === "degraded") degraded.push({ node: node.id, missing: match.missing });
    }
  }
  problems.throwIfAny();
  return degraded;
}

function hasWishes({ host, requirements }: ResolvedNode): boolean {
  return host === undefined && requirements.some((needs) => Object.keys(needs).length > 0);
}

function refusePinned(
  node: ResolvedNode,
  host: string,
  pipeline: ResolvedPipeline,
  problems: ProblemList,
): void {
  const message = `no place for ${quote(node.id)}: it is pinned to ${quote(host)}, and no peers are known; local: not the host it is pinned to`;
  const where = { ...pipeline.where(["nodes", node.index, "host"]), node: node.id };
  problems.add("placement-impossible", message, where, "remove `host` to run the node here");
}

function refuseUnmet(
  node: ResolvedNode,
  reasons: readonly Reason[],
  pipeline: ResolvedPipeline,
  problems: ProblemList,
): void {
  const message = `no place for ${quote(node.id)}: local: ${reasons.map(explainReason).join("; ")}`;
  const where = { ...pipeline.where(["nodes", node.index, "capabilities"]), node: node.id };
  const mends = new Set(reasons.flatMap(({ absent }) => absent?.mend ?? []));
  const hint = [...mends].join("; ") || "run it on a machine that has this, or relax the requirement";
  problems.add("placement-impossible", message, where, hint);
}

/** With what the machine itself says about why. */
export function explainReason({ text, absent }: Reason): string {
  return absent === undefined ? text : `${text} (${absent.detail})`;
}
