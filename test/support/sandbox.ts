// A real sandbox for tests: children of the program as it lies in the checkout.
import { join } from "node:path";
import { transpile } from "../../agent/main/transpile.ts";
import { anonymousDescriptor, type NodeDescriptor } from "../../agent/node/descriptor.ts";
import { defaultErrorPolicy, type ErrorPolicy } from "../../agent/node/failure.ts";
import { defaultLimits, type NodeLimits } from "../../agent/node/limits.ts";
import { type Preparation, prepareModule } from "../../agent/sandbox/prepare/prepare-module.ts";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { type GuestLog, StageRunner } from "../../agent/sandbox/stage-runner.ts";
import type { StageNode } from "../../agent/sandbox/stage-spec.ts";
import { createChildSpawner, type SelfCommand } from "../../platform/process/spawn-child.ts";

export const checkout = join(import.meta.dirname, "../..");

export const checkoutCommand: SelfCommand = {
  command: [process.execPath, join(checkout, "agent/cli/main.ts")],
  capAddressSpace: true,
};

export function openTestPool(spares = 1): SandboxPool {
  return new SandboxPool({ spawner: createChildSpawner(checkoutCommand), spares });
}

/** Prepares in this process: what the transpiler child does, without the child. */
export function prepareHere(
  component: Uint8Array,
  entry: "direct" | "glue" = "direct",
): Promise<Preparation> {
  return prepareModule(component, transpile, { entry });
}

export interface TestNode {
  readonly id?: string;
  readonly type?: string;
  readonly preparation: Preparation;
  readonly params?: string;
  readonly limits?: Partial<NodeLimits>;
  readonly policy?: ErrorPolicy;
  readonly descriptor?: NodeDescriptor;
}

/** A stage of nodes one after the other, by their ports `out` and `in`; the last one's outputs leave. */
export function chainRunner(
  pool: SandboxPool,
  nodes: readonly TestNode[],
  onLog?: (line: GuestLog) => void,
): StageRunner {
  const modules = nodes.map((node) => node.preparation.module);
  const stageNodes = nodes.map((node, index): StageNode => {
    const type = node.type ?? "TestNode";
    const descriptor = node.descriptor ?? anonymousDescriptor(type);
    const outputs = Object.entries(descriptor.outputs).map(([name, { kinds }]) => ({ name, kinds }));
    const isLast = index === nodes.length - 1;
    return {
      id: node.id ?? (nodes.length === 1 ? "node" : `node${index}`),
      type,
      params: node.params ?? "{}",
      inputs: Object.entries(descriptor.inputs).map(([name, { kinds }]) => ({ name, kinds })),
      outputs,
      routes: outputs.map(() => ({
        inside: isLast ? [] : [{ node: index + 1, port: "in" }],
        outside: isLast,
      })),
      limits: { ...defaultLimits, ...node.limits },
      keepAfterBadInput: (node.policy ?? defaultErrorPolicy).action === "skip",
      module: index,
    };
  });
  return new StageRunner({
    pool,
    stage: { nodes: stageNodes, modules },
    ...(onLog === undefined ? {} : { onLog }),
  });
}
