// The modules of a pipeline's nodes, ready to run on this machine.
import { join } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import { checkModuleLimits } from "../sandbox/prepare/check-module-limits.ts";
import { type ModuleLibrary, maxComponentBytes } from "../sandbox/prepare/module-library.ts";
import type { Preparation } from "../sandbox/prepare/prepare-module.ts";
import { builtinModule } from "./builtin-nodes.ts";
import { type PipelineFolder, readInFolder } from "./pipeline-folder.ts";

/** By `moduleKey`. Those of native nodes are none.
 * @throws RemoteMediaError `module-*` */
export async function prepareModules(
  resolved: ResolvedPipeline,
  folder: PipelineFolder,
  library: ModuleLibrary,
  onPreparing: (file: string) => void,
): Promise<Map<string, Preparation>> {
  const modules = new Map<string, Preparation>();
  for (const node of resolved.nodes) {
    if (node.runtime === "native" || modules.has(moduleKey(node))) continue;
    const { module } = node;
    modules.set(
      moduleKey(node),
      module === undefined
        ? builtinModule(node.type)
        : await prepareOwn(resolved, node, folder, module.path, library, onPreparing),
    );
  }
  for (const node of resolved.nodes) {
    const module = modules.get(moduleKey(node));
    if (module !== undefined) checkModuleLimits(module.facts, node.limits, locate(resolved, node));
  }
  return modules;
}

async function prepareOwn(
  resolved: ResolvedPipeline,
  node: ResolvedNode,
  folder: PipelineFolder,
  path: string,
  library: ModuleLibrary,
  onPreparing: (file: string) => void,
): Promise<Preparation> {
  const file = join(folder.path, path);
  const where = { ...locate(resolved, node), file };
  const found = await readInFolder(folder, path, maxComponentBytes);
  if (found.kind !== "file") {
    throw new RemoteMediaError(
      found.kind === "large" ? "module-too-complex" : "module-missing",
      `node "${node.id}" (${node.type}) needs ${file}, which is ${found.reason}`,
      { where },
    );
  }
  try {
    const options = { filesystem: hasFilesystem(node), onMiss: () => onPreparing(file) };
    return await library.prepare(found.bytes, options);
  } catch (thrown) {
    const error = toRemoteMediaError(thrown);
    throw new RemoteMediaError(error.code, `node "${node.id}" (${node.type}): ${error.message}`, {
      where,
      cause: thrown,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** What a node's module is known by: its type, prepared apart where the node is granted a file system. */
export function moduleKey(node: ResolvedNode): string {
  return hasFilesystem(node) ? `${node.type}+filesystem` : node.type;
}

function hasFilesystem(node: ResolvedNode): boolean {
  return node.grants.filesystem !== undefined;
}

function locate(resolved: ResolvedPipeline, node: ResolvedNode) {
  return { ...resolved.where(["nodes", node.index]), node: node.id };
}
