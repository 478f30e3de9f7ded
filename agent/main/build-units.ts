// From a plan to the executor's units: one for each sandbox stage. Native nodes are no units.
import type { GraphUnit } from "../executor/graph.ts";
import type { ResolvedNode } from "../manifest/resolved.ts";
import type { PortDescriptor } from "../node/descriptor.ts";
import type { Stage } from "../placement/plan.ts";
import type { SandboxPool } from "../sandbox/sandbox-pool.ts";
import { type GuestLog, StageRunner } from "../sandbox/stage-runner.ts";
import type { PreparedModule, StageNode, StagePort, StageRoute } from "../sandbox/stage-spec.ts";
import type { LoadedPipeline } from "./load-pipeline.ts";
import { moduleKey } from "./prepare-modules.ts";

/** `wanted` holds `node.port` of every output that something outside of its stage takes: a connection or a sink. */
export function buildUnits(
  pipeline: LoadedPipeline,
  wanted: ReadonlySet<string>,
  pool: SandboxPool,
  onLog: (line: GuestLog) => void,
): GraphUnit[] {
  return pipeline.plan.stages.filter(isSandboxed).map((stage) => {
    const keys = [...new Set(stage.nodes.map(moduleKey))];
    const modules = keys.map((key): PreparedModule => pipeline.modules.get(key)!.module);
    const nodes = stage.nodes.map((node) => stageNode(stage, node, keys.indexOf(moduleKey(node)), wanted));
    return {
      id: stage.id,
      runner: new StageRunner({ pool, stage: { nodes, modules }, onLog }),
      nodes: stage.nodes.map(({ id, type, policy }) => ({ id, type, policy })),
      inputs: Object.keys(stage.nodes[0]!.descriptor.inputs),
    };
  });
}

/** A native node has a stage to itself. */
function isSandboxed({ nodes }: Stage): boolean {
  return nodes[0]!.runtime === "wasm";
}

function stageNode(stage: Stage, node: ResolvedNode, module: number, wanted: ReadonlySet<string>): StageNode {
  const outputs = ports(node.descriptor.outputs);
  return {
    id: node.id,
    type: node.type,
    params: JSON.stringify(node.params),
    inputs: ports(node.descriptor.inputs),
    outputs,
    routes: outputs.map((output): StageRoute => route(stage, node, output.name, wanted)),
    limits: node.limits,
    keepAfterBadInput: node.policy.action === "skip",
    module,
  };
}

function ports(described: Readonly<Record<string, PortDescriptor>>): StagePort[] {
  return Object.entries(described).map(([name, { kinds }]) => ({ name, kinds }));
}

function route(stage: Stage, node: ResolvedNode, port: string, wanted: ReadonlySet<string>): StageRoute {
  const links = stage.links.filter((link) => link.from.node === node.id && link.from.port === port);
  return {
    inside: links.map(({ to }) => ({
      node: stage.nodes.findIndex(({ id }) => id === to.node),
      port: to.port,
    })),
    outside: wanted.has(`${node.id}.${port}`),
  };
}
