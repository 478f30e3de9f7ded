// From a path to a pipeline that can run: manifest, modules, descriptors, graph, placement, stages.
import { join } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { applyOverrides } from "../manifest/apply-overrides.ts";
import { buildCatalog, type NodeCatalog } from "../manifest/catalog.ts";
import { checkGrants, grantNothing } from "../manifest/check-grants.ts";
import { descriptorPaths } from "../manifest/descriptor-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parseNodeDescriptor } from "../manifest/parse-descriptor.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { resolvePipeline } from "../manifest/resolve.ts";
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import { anonymousDescriptor, type NodeDescriptor } from "../node/descriptor.ts";
import { checkPlacement, type DegradedNode } from "../placement/check-placement.ts";
import type { Plan } from "../placement/plan.ts";
import { planStages } from "../placement/plan-stages.ts";
import { checkModuleLimits } from "../sandbox/prepare/check-module-limits.ts";
import type { ModuleLibrary } from "../sandbox/prepare/module-library.ts";
import { maxComponentBytes } from "../sandbox/prepare/module-library.ts";
import type { Preparation } from "../sandbox/prepare/prepare-module.ts";
import { builtinDescriptors, builtinModule } from "./builtin-nodes.ts";
import { findFolder, readManifest } from "./find-folder.ts";
import { addLiveInputs } from "./live-input.ts";
import { type PipelineFolder, readInFolder } from "./pipeline-folder.ts";

export interface PipelineRequest {
  /** A manifest file, a folder with one, or a package. */
  readonly path: string;
  /** Where the files are, for a path that has been opened already, as a package is. */
  readonly folder?: PipelineFolder | undefined;
  /** `node.param=JSON`, as `--set` takes them. */
  readonly overrides: readonly string[];
  /** Sources in front of open inputs, as `--live` takes them. */
  readonly live?: readonly string[] | undefined;
  /** Told why this very machine couldn't run it, a refusal by its devices or its policy, where it is to run on others. Default: that is thrown. */
  readonly onUnfit?: ((why: RemoteMediaError) => void) | undefined;
}

/** A pipeline of which everything has been checked that can be without running it. */
export interface LoadedPipeline {
  /** The manifest's path. */
  readonly file: string;
  readonly resolved: ResolvedPipeline;
  /** Nodes that will run without something that they prefer. */
  readonly degraded: readonly DegradedNode[];
  readonly plan: Plan;
  /** By `moduleKey`. */
  readonly modules: ReadonlyMap<string, Preparation>;
}

/** `statement` says what this machine can do; it is asked for only where a node needs anything.
 * @throws RemoteMediaError `manifest-*`, `node-*`, `module-*`, `placement-impossible`, `usage` */
export async function loadPipeline(
  request: PipelineRequest,
  library: ModuleLibrary,
  onPreparing: (file: string) => void,
  statement: () => Promise<CapabilityStatement>,
): Promise<LoadedPipeline> {
  const folder = request.folder ?? (await findFolder(request.path));
  const file = folder.manifestFile;
  const written = parseManifest(await readManifest(folder), file);
  const descriptors = await readDescriptors(written, folder);
  const catalog = await openCatalog(written, descriptors, request);
  const manifest = applyOverrides(addLiveInputs(written, catalog, request.live ?? []), request.overrides);
  const resolved = resolvePipeline(manifest, catalog);
  const degraded = await checkFitness(resolved, statement, request.onUnfit);
  const modules = await prepareModules(resolved, folder, library, onPreparing);
  for (const node of resolved.nodes) {
    const module = modules.get(moduleKey(node));
    if (module !== undefined) checkModuleLimits(module.facts, node.limits, locate(resolved, node));
  }
  return { file, resolved, degraded, plan: planStages(resolved), modules };
}

async function checkFitness(
  resolved: ResolvedPipeline,
  statement: () => Promise<CapabilityStatement>,
  onUnfit: PipelineRequest["onUnfit"],
): Promise<DegradedNode[]> {
  try {
    checkGrants(resolved, grantNothing);
    return await checkPlacement(resolved, statement);
  } catch (thrown) {
    if (onUnfit === undefined || !(thrown instanceof RemoteMediaError)) throw thrown;
    onUnfit(thrown);
    return [];
  }
}

/** Native nodes are known only where they may be meant: loading them takes a while, and most pipelines have none. */
async function openCatalog(
  manifest: Manifest,
  modules: ReadonlyMap<string, NodeDescriptor>,
  { live = [] }: PipelineRequest,
): Promise<NodeCatalog> {
  const catalog = buildCatalog(builtinDescriptors(), modules);
  const isComplete = manifest.nodes.every(({ node_type }) => catalog.lookup(node_type) !== undefined);
  if (isComplete && live.length === 0) return catalog;
  const { nativeDescriptors } = await import("../native/native-nodes.ts");
  return buildCatalog(builtinDescriptors(), modules, nativeDescriptors());
}

/** What lies beside each module: its own `NAME.node.json`, else the folder's `node.json`, else what a module without one is. */
async function readDescriptors(
  manifest: Manifest,
  folder: PipelineFolder,
): Promise<Map<string, NodeDescriptor>> {
  const descriptors = new Map<string, NodeDescriptor>();
  for (const [type, module] of Object.entries(manifest.modules)) {
    let descriptor: NodeDescriptor | undefined;
    for (const path of descriptorPaths(module.path)) {
      descriptor ??= await readDescriptor(folder, path);
    }
    descriptors.set(type, descriptor ?? anonymousDescriptor(type));
  }
  return descriptors;
}

const maxDescriptorBytes = 1024 * 1024;

async function readDescriptor(folder: PipelineFolder, path: string): Promise<NodeDescriptor | undefined> {
  const found = await readInFolder(folder, path, maxDescriptorBytes);
  const file = join(folder.path, path);
  if (found.kind === "file") return parseNodeDescriptor(new TextDecoder().decode(found.bytes), file);
  if (found.kind === "absent") return undefined;
  throw new RemoteMediaError("node-descriptor-invalid", `${path} is ${found.reason}`, { where: { file } });
}

async function prepareModules(
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
