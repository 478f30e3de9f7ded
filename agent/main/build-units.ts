// From a plan to the executor's units: one for each stage of WASM nodes. Native nodes are no units.
import type { GraphUnit } from "../executor/graph.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { Plan, Stage } from "../placement/plan.ts";

/** `makeRunner` makes the runner of a stage, here or elsewhere. */
export function buildUnits(plan: Plan, makeRunner: (stage: Stage) => NodeRunner): GraphUnit[] {
  return plan.stages.filter(isSandboxed).map((stage) => ({
    id: stage.id,
    runner: makeRunner(stage),
    nodes: stage.nodes.map(({ id, type, policy }) => ({ id, type, policy })),
    inputs: Object.keys(stage.nodes[0]!.descriptor.inputs),
  }));
}

/** A native node has a stage to itself. */
function isSandboxed({ nodes }: Stage): boolean {
  return nodes[0]!.runtime === "wasm";
}
