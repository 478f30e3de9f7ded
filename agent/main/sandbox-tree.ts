// A planned tree of stages as one runner in the sandbox here: one child where the nodes may share it, else several.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { RunnerTree, type TreeBranch } from "../executor/runner-tree.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { Plan } from "../placement/plan.ts";
import type { Preparation } from "../sandbox/prepare/prepare-module.ts";
import { makeStageRunner, type SandboxParts } from "./sandbox-stage.ts";

/** `wanted` holds `node.port` of what leaves the tree. All the plan's stages are of WASM nodes, and but the first each is fed by one
 * connection. Nothing is started yet. @throws RemoteMediaError `module-invalid` where the plan isn't such a tree */
export function makeSandboxTree(
  { stages, connections }: Plan,
  prepared: ReadonlyMap<string, Preparation>,
  wanted: ReadonlySet<string>,
  parts: SandboxParts,
): NodeRunner {
  const taken = new Set([...wanted, ...connections.map(({ from }) => `${from.node}.${from.port}`)]);
  const branches = stages.map((stage, index): TreeBranch => {
    const feeds = connections.filter(({ to }) => to.node === stage.root);
    if (feeds.length !== (index === 0 ? 0 : 1) || stage.nodes.some(({ runtime }) => runtime !== "wasm")) {
      throw new RemoteMediaError(
        "module-invalid",
        `the node ${stage.root} can't be run for another machine`,
        {
          where: { node: stage.root },
        },
      );
    }
    const runner = makeStageRunner(stage, prepared, taken, parts);
    const [feed] = feeds;
    return feed === undefined ? { runner } : { runner, feed: { from: feed.from, port: feed.to.port } };
  });
  // One child alone needs nobody to hand frames on.
  return branches.length === 1 ? branches[0]!.runner : new RunnerTree(branches, wanted);
}
