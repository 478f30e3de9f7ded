// Groups neighbouring WASM nodes into stages, so that a frame crosses a process boundary once per stage, not once per node.
import type { ResolvedConnection, ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import type { Plan, Stage, StageDecision } from "./plan.ts";

/** A child holds the memory of all its nodes, and a kill costs them all their state: stages stay small. */
const maxStageNodes = 16;

interface Draft {
  readonly id: string;
  readonly nodes: ResolvedNode[];
}

/** Plans the stages of a pipeline. Pure.
 *
 * A node joins the stage of the node that feeds it when it has exactly one incoming connection, both are WASM nodes of the same
 * trust without grants, and, unless the trust is `builtin`, the feeding node feeds nobody else. Every other node starts a stage.
 *
 * A kill costs every node of a stage its state. Modules therefore share a child only along a chain, where the nodes
 * after the killed one would have waited for it anyway; branches of built-in nodes, which are ours, may share one. A node with a
 * grant is alone with it: a process is the isolation boundary, and its neighbours must not gain what it was granted. */
export function planStages(pipeline: ResolvedPipeline): Plan {
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const incoming = Map.groupBy(pipeline.connections, ({ to }) => to.node);
  const outgoing = Map.groupBy(pipeline.connections, ({ from }) => from.node);
  const stageOf = new Map<string, Draft>();
  const drafts: Draft[] = [];
  const reasons = new Map<string, string>();
  for (const id of pipeline.topologicalOrder) {
    const node = nodes.get(id)!;
    const feeding = incoming.get(id) ?? [];
    const feeder = feeding.length === 1 ? nodes.get(feeding[0]!.from.node) : undefined;
    const stage = feeder && stageOf.get(feeder.id);
    const apart = whyApart(node, feeding, feeder, outgoing) ?? (stage && whyFull(stage));
    if (apart === undefined && stage !== undefined) {
      stage.nodes.push(node);
      stageOf.set(id, stage);
      reasons.set(id, `shares the child of ${feeder!.id}`);
    } else {
      const started = { id: `stage-${drafts.length + 1}`, nodes: [node] };
      drafts.push(started);
      stageOf.set(id, started);
      reasons.set(id, `starts a stage: ${apart}`);
    }
  }
  return assemble(pipeline, drafts, stageOf, reasons);
}

/** Why a node can't share its feeder's child; undefined when it can. */
function whyApart(
  node: ResolvedNode,
  feeding: readonly ResolvedConnection[],
  feeder: ResolvedNode | undefined,
  outgoing: ReadonlyMap<string, readonly ResolvedConnection[]>,
): string | undefined {
  if (feeding.length === 0) return "nothing in the pipeline feeds it";
  if (feeder === undefined) return `${feeding.length} connections meet here`;
  if (node.runtime !== "wasm") return "it is a native node";
  if (feeder.runtime !== "wasm") return `${feeder.id} is a native node`;
  if (node.trust !== feeder.trust) return `${feeder.id} is of other trust`;
  if (hasGrants(node) || hasGrants(feeder)) return "a node with grants has its child to itself";
  if (node.trust === "module" && outgoing.get(feeder.id)!.length > 1) {
    return `${feeder.id} feeds others too, and modules share a child only along a chain`;
  }
  return undefined;
}

function hasGrants({ grants }: ResolvedNode): boolean {
  return grants.filesystem !== undefined || grants.network !== undefined;
}

function whyFull(stage: Draft): string | undefined {
  return stage.nodes.length < maxStageNodes ? undefined : `${stage.id} is full`;
}

function assemble(
  pipeline: ResolvedPipeline,
  drafts: readonly Draft[],
  stageOf: ReadonlyMap<string, Draft>,
  reasons: ReadonlyMap<string, string>,
): Plan {
  const isInside = ({ from, to }: ResolvedConnection) => stageOf.get(from.node) === stageOf.get(to.node);
  const inside = Map.groupBy(pipeline.connections.filter(isInside), ({ to }) => stageOf.get(to.node)!.id);
  const stages = drafts.map(
    ({ id, nodes }): Stage => ({
      id,
      nodes,
      root: nodes[0]!.id,
      links: (inside.get(id) ?? []).map(({ from, to }) => ({ from, to })),
      placedOn: "local",
    }),
  );
  const decisions = stages.flatMap(({ id, nodes }) =>
    nodes.map((node): StageDecision => ({ node: node.id, stage: id, reason: reasons.get(node.id)! })),
  );
  return {
    stages,
    connections: pipeline.connections.filter((connection) => !isInside(connection)),
    openInputs: pipeline.openInputs,
    openOutputs: pipeline.openOutputs,
    decisions,
  };
}
