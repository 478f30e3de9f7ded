// From a path to a pipeline that can run: manifest, modules, descriptors, graph, placement, stages.
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { applyOverrides } from "../manifest/apply-overrides.ts";
import { buildCatalog, type NodeCatalog } from "../manifest/catalog.ts";
import { checkGrants, grantNothing } from "../manifest/check-grants.ts";
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
import { addLiveInputs } from "./live-input.ts";

export interface PipelineRequest {
  /** A manifest file, or a folder with one. */
  readonly path: string;
  /** `node.param=JSON`, as `--set` takes them. */
  readonly overrides: readonly string[];
  /** Sources in front of open inputs, as `--live` takes them. */
  readonly live?: readonly string[] | undefined;
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

/** The names of a manifest in a folder, in order. */
const manifestNames = ["manifest.json", "pipeline.json"];
const maxManifestBytes = 8 * 1024 * 1024;

/** `statement` says what this machine can do; it is asked for only where a node needs anything.
 * @throws RemoteMediaError `manifest-*`, `node-*`, `module-*`, `placement-impossible`, `usage` */
export async function loadPipeline(
  request: PipelineRequest,
  library: ModuleLibrary,
  onPreparing: (file: string) => void,
  statement: () => Promise<CapabilityStatement>,
): Promise<LoadedPipeline> {
  const file = await findManifest(request.path);
  const text = await readManifest(file);
  const written = parseManifest(text, file);
  const folder = dirname(file);
  const descriptors = await readDescriptors(written, folder);
  const catalog = await openCatalog(written, descriptors, request);
  const manifest = applyOverrides(addLiveInputs(written, catalog, request.live ?? []), request.overrides);
  const resolved = resolvePipeline(manifest, catalog);
  checkGrants(resolved, grantNothing);
  const degraded = await checkPlacement(resolved, statement);
  const modules = await prepareModules(resolved, folder, library, onPreparing);
  for (const node of resolved.nodes) {
    const module = modules.get(moduleKey(node));
    if (module !== undefined) checkModuleLimits(module.facts, node.limits, locate(resolved, node));
  }
  return { file, resolved, degraded, plan: planStages(resolved), modules };
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

async function findManifest(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new RemoteMediaError("manifest-missing", `there is no pipeline at ${path}`, {
      where: { file: path },
      hint: "give a manifest file, or a folder that has a manifest.json or pipeline.json",
    });
  }
  if (!found.isDirectory()) return path;
  for (const name of manifestNames) {
    const inside = join(path, name);
    if ((await stat(inside).catch(() => undefined))?.isFile()) return inside;
  }
  throw new RemoteMediaError("manifest-missing", `the folder has no ${manifestNames.join(" and no ")}`, {
    where: { file: path },
  });
}

async function readManifest(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > maxManifestBytes) {
      throw new RemoteMediaError("manifest-syntax", `larger than ${maxManifestBytes} bytes`, {
        where: { file },
      });
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    if (cause instanceof RemoteMediaError) throw cause;
    if (cause instanceof TypeError)
      throw new RemoteMediaError("manifest-syntax", "not UTF-8 text", { where: { file }, cause });
    throw new RemoteMediaError("manifest-missing", `can't be read: ${toRemoteMediaError(cause).message}`, {
      where: { file },
      cause,
    });
  }
}

/** What lies beside each module: its own `NAME.node.json`, else the folder's `node.json`, else what a module without one is. */
async function readDescriptors(manifest: Manifest, folder: string): Promise<Map<string, NodeDescriptor>> {
  const descriptors = new Map<string, NodeDescriptor>();
  for (const [type, module] of Object.entries(manifest.modules)) {
    const path = join(folder, module.path);
    const candidates = [path.replace(/(\.wasm)?$/, ".node.json"), join(dirname(path), "node.json")];
    let descriptor = anonymousDescriptor(type);
    for (const file of candidates) {
      const text = await readFile(file, "utf8").catch(() => undefined);
      if (text === undefined) continue;
      descriptor = parseNodeDescriptor(text, file);
      break;
    }
    descriptors.set(type, descriptor);
  }
  return descriptors;
}

async function prepareModules(
  resolved: ResolvedPipeline,
  folder: string,
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
        : await prepareOwn(resolved, node, join(folder, module.path), library, onPreparing),
    );
  }
  return modules;
}

async function prepareOwn(
  resolved: ResolvedPipeline,
  node: ResolvedNode,
  file: string,
  library: ModuleLibrary,
  onPreparing: (file: string) => void,
): Promise<Preparation> {
  const where = { ...locate(resolved, node), file };
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    throw new RemoteMediaError(
      "module-missing",
      `node "${node.id}" (${node.type}) needs ${file}, which is ${found === undefined ? "not there" : "no file"}`,
      { where },
    );
  }
  if (found.size > maxComponentBytes) {
    throw new RemoteMediaError(
      "module-too-complex",
      `${file} has ${found.size} bytes; at most ${maxComponentBytes} are taken`,
      { where },
    );
  }
  try {
    const options = { filesystem: hasFilesystem(node), onMiss: () => onPreparing(file) };
    return await library.prepare(new Uint8Array(await readFile(file)), options);
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
