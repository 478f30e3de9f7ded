// From a path to a pipeline that can run: manifest, modules, descriptors, graph, placement, stages.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { applyOverrides } from "../manifest/apply-overrides.ts";
import { buildCatalog, type NodeCatalog } from "../manifest/catalog.ts";
import { checkGrants, grantNothing } from "../manifest/check-grants.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { resolvePipeline } from "../manifest/resolve.ts";
import type { ResolvedPipeline } from "../manifest/resolved.ts";
import { remotePipelineType } from "../native/native-names.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import { checkPlacement, type DegradedNode, findDegraded } from "../placement/check-placement.ts";
import type { Assignment, Place } from "../placement/place.ts";
import type { Plan } from "../placement/plan.ts";
import { planStages } from "../placement/plan-stages.ts";
import type { ModuleLibrary } from "../sandbox/prepare/module-library.ts";
import type { Preparation } from "../sandbox/prepare/prepare-module.ts";
import { builtinDescriptors } from "./builtin-nodes.ts";
import { findFolder, readManifest } from "./find-folder.ts";
import { addLiveInputs } from "./live-input.ts";
import type { PipelineFolder } from "./pipeline-folder.ts";
import { prepareModules } from "./prepare-modules.ts";
import { readDescriptors } from "./read-descriptors.ts";

export interface PipelineRequest {
  /** A manifest file, a folder with one, or a package. */
  readonly path: string;
  /** Where the files are, for a path that has been opened already, as a package is. */
  readonly folder?: PipelineFolder | undefined;
  /** `node.param=JSON`, as `--set` takes them. */
  readonly overrides: readonly string[];
  /** Sources in front of open inputs, as `--live` takes them. */
  readonly live?: readonly string[] | undefined;
  /** The machines that nodes may be placed on, this one among them. Default: this one alone, and nothing is asked of it that no node needs. */
  readonly places?: ((local: () => Promise<CapabilityStatement>) => Promise<readonly Place[]>) | undefined;
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
  /** Where each node runs and why; undefined where no `places` were given: then all run here. */
  readonly placement: Assignment | undefined;
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
  const remotes = resolved.nodes.filter(
    ({ type, runtime }) => runtime === "native" && type === remotePipelineType,
  );
  if (remotes.length > 0) {
    const { readInnerPipeline } = await import("./remote-pipeline-runner.ts");
    for (const node of remotes) readInnerPipeline(node);
  }
  const { degraded, placement } = await placePipeline(resolved, statement, request);
  const modules = await prepareModules(resolved, folder, library, onPreparing);
  const plan = planStages(resolved, placement && ((node) => placement.decisions.get(node)!.place));
  return { file, resolved, degraded, plan, placement, modules };
}

type Placed = Pick<LoadedPipeline, "degraded" | "placement">;

async function placePipeline(
  resolved: ResolvedPipeline,
  statement: () => Promise<CapabilityStatement>,
  { places, onUnfit }: PipelineRequest,
): Promise<Placed> {
  try {
    checkGrants(resolved, grantNothing);
    if (places === undefined) {
      return { degraded: await checkPlacement(resolved, statement), placement: undefined };
    }
    const { placeNodes } = await import("../placement/place-nodes.ts");
    const placement = placeNodes(resolved, await places(statement));
    return { degraded: findDegraded(placement), placement };
  } catch (thrown) {
    if (onUnfit === undefined || !(thrown instanceof RemoteMediaError)) throw thrown;
    onUnfit(thrown);
    return { degraded: [], placement: undefined };
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
