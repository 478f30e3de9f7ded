// Groups neighbouring WASM nodes of one place into stages, so that a frame crosses a boundary once per stage, not once per node.
import type { ResolvedConnection, ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import type { Plan, Stage, StageDecision } from "./plan.ts";

/** A child holds the memory of all its nodes, and a kill costs them all their state: stages stay small. */
const maxStageNodes = 16;

interface Draft {
  readonly id: string;
  readonly placedOn: string;
  readonly nodes: ResolvedNode[];
}

/** The place of a node: `local`, or a peer's device id. */
export type PlaceOf = (node: string) => string;

/** Plans the stages of a pipeline. Pure. `placeOf` says where each node runs; without it, all run here.
 *
 * A node joins the stage of the node that feeds it when it has exactly one incoming connection, both are WASM nodes of the same
 * place, and, here, of the same trust without grants, and, unless the trust is `builtin`, the feeding node feeds nobody else. Every
 * other node starts a stage.
 *
 * A kill costs every node of a stage its state. Modules therefore share a child only along a chain, where the nodes
 * after the killed one would have waited for it anyway; branches of built-in nodes, which are ours, may share one. A node with a
 * grant is alone with it: a process is the isolation boundary, and its neighbours must not gain what it was granted.
 *
 * A stage at a peer is what crosses the network, not what shares a child: the peer plans its children itself, by the rules above,
 * so there trust doesn't part neighbours. */
export function planStages(pipeline: ResolvedPipeline, placeOf: PlaceOf = () => "local"): Plan {
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const incoming = Map.groupBy(pipeline.connections, ({ to }) => to.node);
  const outgoing = Map.groupBy(pipeline.connections, ({ from }) => from.node);
  const stageOf = new Map<string, Draft>();
  const drafts: Draft[] = [];
  const reasons = new Map<string, string>();
  for (const id of pipeline.topologicalOrder) {
    const node = nodes.get(id)!;
    const placedOn = placeOf(id);
    const feeding = incoming.get(id) ?? [];
    const feeder = feeding.length === 1 ? nodes.get(feeding[0]!.from.node) : undefined;
    const stage = feeder && stageOf.get(feeder.id);
    const apart =
      whyUnfed(feeding, feeder) ??
      whyElsewhere(placedOn, stage, feeder) ??
      whyApart(node, feeder!, placedOn, outgoing) ??
      (stage && whyFull(stage));
    if (apart === undefined && stage !== undefined) {
      stage.nodes.push(node);
      stageOf.set(id, stage);
      const shared = placedOn === "local" ? "child" : "stage";
      reasons.set(id, `shares the ${shared} of ${feeder!.id}`);
    } else {
      const started = { id: `stage-${drafts.length + 1}`, placedOn, nodes: [node] };
      drafts.push(started);
      stageOf.set(id, started);
      reasons.set(id, `starts a stage: ${apart}`);
    }
  }
  return assemble(pipeline, drafts, stageOf, reasons);
}

function whyUnfed(
  feeding: readonly ResolvedConnection[],
  feeder: ResolvedNode | undefined,
): string | undefined {
  if (feeding.length === 0) return "nothing in the pipeline feeds it";
  return feeder === undefined ? `${feeding.length} connections meet here` : undefined;
}

function whyElsewhere(
  placedOn: string,
  stage: Draft | undefined,
  feeder: ResolvedNode | undefined,
): string | undefined {
  if (stage === undefined || stage.placedOn === placedOn) return undefined;
  return `it runs on ${placedOn}, and ${feeder?.id} on ${stage.placedOn}`;
}

/** Why a node can't share the stage of its feeder, which runs at the same place; undefined when it can. */
function whyApart(
  node: ResolvedNode,
  feeder: ResolvedNode,
  placedOn: string,
  outgoing: ReadonlyMap<string, readonly ResolvedConnection[]>,
): string | undefined {
  if (node.runtime !== "wasm") return "it is a native node";
  if (feeder.runtime !== "wasm") return `${feeder.id} is a native node`;
  if (placedOn !== "local") return undefined;
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
    ({ id, placedOn, nodes }): Stage => ({
      id,
      nodes,
      root: nodes[0]!.id,
      links: (inside.get(id) ?? []).map(({ from, to }) => ({ from, to })),
      placedOn,
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
