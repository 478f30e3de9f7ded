// From a planned stage to its runner in a sandbox child of this machine.
import type { ResolvedNode } from "../manifest/resolved.ts";
import type { PortDescriptor } from "../node/descriptor.ts";
import type { Stage } from "../placement/plan.ts";
import type { Preparation } from "../sandbox/prepare/prepare-module.ts";
import type { SandboxPool } from "../sandbox/sandbox-pool.ts";
import { type GuestLog, StageRunner } from "../sandbox/stage-runner.ts";
import type { PreparedModule, StageNode, StagePort, StageRoute } from "../sandbox/stage-spec.ts";
import { moduleKey } from "./prepare-modules.ts";

/** What stages run with here. */
export interface SandboxParts {
  readonly pool: SandboxPool;
  readonly onLog: (line: GuestLog) => void;
}

/** `wanted` holds `node.port` of every output that something outside of the stage takes. */
export function makeStageRunner(
  stage: Stage,
  prepared: ReadonlyMap<string, Preparation>,
  wanted: ReadonlySet<string>,
  { pool, onLog }: SandboxParts,
): StageRunner {
  const keys = [...new Set(stage.nodes.map(moduleKey))];
  const modules = keys.map((key): PreparedModule => prepared.get(key)!.module);
  const nodes = stage.nodes.map((node) => stageNode(stage, node, keys.indexOf(moduleKey(node)), wanted));
  return new StageRunner({ pool, stage: { nodes, modules }, onLog });
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
