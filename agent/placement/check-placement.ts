// Whether every node can run where it has to: on this machine, the only candidate there is.
import { quote } from "../manifest/json-path.ts";
import { ProblemList } from "../manifest/problem-list.ts";
import type { ResolvedPipeline } from "../manifest/resolved.ts";
import { type LocalFacts, unmetNeeds } from "./unmet-needs.ts";

/** Throws RemoteMediaError `placement-impossible` for nodes that are pinned to a host or require what this machine doesn't have: each
 * candidate is named with its reason, and several nodes are listed in `problems`. */
export function checkPlacement(pipeline: ResolvedPipeline, facts: LocalFacts): void {
  const problems = new ProblemList();
  for (const node of pipeline.nodes) {
    if (node.host !== undefined) {
      const message = `no place for ${quote(node.id)}: it is pinned to ${quote(node.host)}, and no peers are known; local: not the host it is pinned to`;
      const where = { ...pipeline.where(["nodes", node.index, "host"]), node: node.id };
      problems.add("placement-impossible", message, where, "remove `host` to run the node here");
      continue;
    }
    const unmet = [...new Set(node.requirements.flatMap((needs) => unmetNeeds(needs, facts)))];
    if (unmet.length === 0) continue;
    const message = `no place for ${quote(node.id)}: local: ${unmet.join("; ")}`;
    const where = { ...pipeline.where(["nodes", node.index, "capabilities"]), node: node.id };
    problems.add(
      "placement-impossible",
      message,
      where,
      "run it on a machine that has this, or relax the requirement",
    );
  }
  problems.throwIfAny();
}
