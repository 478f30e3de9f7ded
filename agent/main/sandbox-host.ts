// SandboxHost: runs stages for peers as one's own are run, in the sandbox, from packages verified as ever, under the lower of both sides' limits.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { buildCatalog } from "../manifest/catalog.ts";
import { checkGrants, grantNothing } from "../manifest/check-grants.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { resolvePipeline } from "../manifest/resolve.ts";
import type { LimitsPolicy } from "../manifest/resolve-limits.ts";
import { remotePipelineType } from "../native/native-names.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { StageHost, StageRequest } from "../offload/stage-host.ts";
import { planStages } from "../placement/plan-stages.ts";
import type { ModuleLibrary } from "../sandbox/prepare/module-library.ts";
import { builtinDescriptors } from "./builtin-nodes.ts";
import type { LoadedPipeline } from "./load-pipeline.ts";
import type { PipelineFolder } from "./pipeline-folder.ts";
import { prepareModules } from "./prepare-modules.ts";
import { readDescriptors } from "./read-descriptors.ts";
import { releasing } from "./releasing-runner.ts";
import { RenamedRunner } from "./renamed-runner.ts";
import type { SandboxParts } from "./sandbox-stage.ts";
import { makeSandboxTree } from "./sandbox-tree.ts";

/** A package's folder, held in the store until it is disposed. */
export interface HeldFolder extends AsyncDisposable {
  readonly folder: PipelineFolder;
}

export interface SandboxHostOptions extends SandboxParts {
  readonly library: ModuleLibrary;
  /** The most that this device allows a node of somebody else's. */
  readonly limits: LimitsPolicy;
  /** A pipeline that this machine knows by its name. @throws RemoteMediaError `peer-unfit` where it knows none of that name */
  readonly findPipeline: (name: string) => Promise<LoadedPipeline>;
  /** Verifies and unpacks a package: from the store, else its registry, else the peer that asks. */
  readonly unpack: (request: StageRequest, signal: AbortSignal) => Promise<HeldFolder>;
}

export class SandboxHost implements StageHost {
  readonly #options: SandboxHostOptions;

  constructor(options: SandboxHostOptions) {
    this.#options = options;
  }

  async makeStage(request: StageRequest, signal: AbortSignal): Promise<NodeRunner> {
    const { unpack, limits, library } = this.#options;
    const manifest = parseManifest(request.manifest);
    const [first] = manifest.nodes;
    if (first?.node_type === remotePipelineType)
      return this.#makeNamed(first.id, first.params["pipeline_name"]);
    const held = request.package === undefined ? undefined : await unpack(request, signal);
    try {
      if (held === undefined && Object.keys(manifest.modules).length > 0) {
        throw new RemoteMediaError(
          "module-missing",
          "the stage has modules of its own, and names no package",
          {
            hint: "build a package of the pipeline, and run that",
          },
        );
      }
      const folder = held?.folder ?? nowhere;
      const catalog = buildCatalog(builtinDescriptors(), await readDescriptors(manifest, folder));
      const resolved = resolvePipeline(manifest, catalog, limits);
      checkGrants(resolved, grantNothing);
      const modules = await prepareModules(resolved, folder, library, () => {});
      const runner = makeSandboxTree(planStages(resolved), modules, new Set(request.wanted), this.#options);
      return held === undefined ? runner : releasing(runner, held);
    } catch (thrown) {
      await held?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** One of our own pipelines, from its one open input to its open outputs, as the node that it looks like from outside. */
  async #makeNamed(id: string, name: unknown): Promise<NodeRunner> {
    const { resolved, modules } = await this.#options.findPipeline(String(name));
    const [entry, ...others] = resolved.openInputs;
    if (entry === undefined || others.length > 0) {
      throw new RemoteMediaError("peer-unfit", `the pipeline ${JSON.stringify(name)} hasn't one open input`);
    }
    const wanted = new Set(resolved.openOutputs.map(({ node, port }) => `${node}.${port}`));
    const runner = makeSandboxTree(planStages(resolved), modules, wanted, this.#options);
    return new RenamedRunner({ id, type: remotePipelineType }, entry, runner);
  }
}

/** A stage of built-in nodes reads no file. */
const nowhere: PipelineFolder = { path: "", manifestFile: "", digestOf: () => undefined };
