// The composition root: builds the adapters once, in order, and closes them in reverse.
import type { MediaDecoder } from "../../platform/contract/media-decoder.ts";
import type { ChildSpawner, Confinement } from "../../platform/contract/process.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { openFfmpegDecoder } from "../../platform/ffmpeg/ffmpeg-decoder.ts";
import { openMachineCgroups } from "../../platform/process/machine-cgroups.ts";
import { createChildSpawner } from "../../platform/process/spawn-child.ts";
import { openFileBlobCache } from "../../platform/store/file-blob-cache.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { Config } from "../config/config.ts";
import type { RunResult } from "../executor/run-graph.ts";
import type { InstalledPackage } from "../package/install-package.ts";
import type { Place } from "../placement/place.ts";
import { createModuleLibrary, type ModuleLibrary } from "../sandbox/prepare/module-library.ts";
import type { ModuleFacts } from "../sandbox/prepare/prepare-module.ts";
import { SandboxPool } from "../sandbox/sandbox-pool.ts";
import { type LoadedPipeline, loadPipeline, type PipelineRequest } from "./load-pipeline.ts";
import type { MemberUse } from "./member-use.ts";
import type { NativeParts } from "./native-parts.ts";
import { isPackage } from "./open-package.ts";
import type { PlacedStages } from "./placed-stages.ts";
import type { Board } from "./probe-board.ts";
import { rehearsal } from "./rehearsal.ts";
import { type RunRequest, runPipeline } from "./run-pipeline.ts";
import { SandboxHost, type SandboxHostOptions } from "./sandbox-host.ts";
import { makeStageRunner } from "./sandbox-stage.ts";
import { selfCommand } from "./self-command.ts";
import type { PackageUse, UnpackedPackage } from "./unpack-package.ts";

export interface ProgramOptions {
  readonly config: Config;
  /** Told once when sandbox children can't be confined as they should. */
  readonly onWeakSandbox: (confinement: Confinement) => void;
  /** Told when a module is seen for the first time and has to be prepared, with its file. */
  readonly onPreparing?: (file: string) => void;
}

/** The package that a pipeline came from; undefined for a manifest or folder of the user's. */
export interface FromPackage {
  readonly installed: InstalledPackage | undefined;
}

export class Program implements AsyncDisposable {
  readonly config: Config;
  readonly spawner: ChildSpawner;
  readonly decoder: MediaDecoder;
  readonly #library: ModuleLibrary;
  readonly #onPreparing: (file: string) => void;
  readonly #pool: SandboxPool;
  #native: Promise<NativeParts & Disposable> | undefined;
  #board: Promise<Board> | undefined;
  readonly #unpacked: UnpackedPackage[] = [];
  #member: Promise<MemberUse> | undefined;
  #caller: AsyncDisposable | undefined;

  constructor({ config, onWeakSandbox, onPreparing = () => {} }: ProgramOptions) {
    this.config = config;
    this.#onPreparing = onPreparing;
    const cgroups = openMachineCgroups({ configured: config.cgroup, cpuPercent: config.cpuPercent });
    this.spawner = createChildSpawner(selfCommand(config.emulator), cgroups);
    this.decoder = openFfmpegDecoder();
    this.#library = createModuleLibrary(this.spawner, openFileBlobCache(`${config.homeFolder}/glue`));
    this.#pool = new SandboxPool({ spawner: this.spawner, rehearsal: rehearsal(), onWeak: onWeakSandbox });
  }

  /** A manifest, a folder, or a package, which is verified and unpacked first and held in the store until this is disposed. */
  async load(request: PipelineRequest, use: PackageUse): Promise<LoadedPipeline & FromPackage> {
    const unpacked = (await isPackage(request.path)) ? await this.#unpack(request.path, use) : undefined;
    const { folder = request.folder, installed } = unpacked ?? {};
    const pipeline = await loadPipeline(
      { ...request, folder },
      this.#library,
      this.#onPreparing,
      async () => (await (await this.#openBoard()).look()).statement,
    );
    return { ...pipeline, installed };
  }

  /** What a component asks of its host, whether it would be granted that or not. It is looked into in a confined child.
   * @throws RemoteMediaError `module-*` */
  async describeModule(bytes: Uint8Array): Promise<ModuleFacts> {
    return (await this.#library.prepare(new Uint8Array(bytes), { filesystem: true })).facts;
  }

  async #unpack(reference: string, use: PackageUse): Promise<UnpackedPackage> {
    // Most runs are of folders: they don't pay for what packages need.
    const { unpackPackage } = await import("./unpack-package.ts");
    const unpacked = await unpackPackage(reference, use, this.config);
    this.#unpacked.push(unpacked);
    return unpacked;
  }

  async run(pipeline: LoadedPipeline & Partial<FromPackage>, request: RunRequest): Promise<RunResult> {
    using placed = await this.#placeStages(pipeline, request);
    request.onPlaced?.(placed);
    return await runPipeline(pipeline, request, {
      makeRunner: (stage, { modules }, wanted, { onLog }) => {
        const parts = { pool: this.#pool, onLog };
        return placed?.mayMove(stage)
          ? placed.makeRunner(stage, wanted, parts)
          : makeStageRunner(stage, modules, wanted, parts);
      },
      makeRemoteRunner: async (node, { onOffload }) => {
        const { makeRemotePipelineRunner } = await import("./remote-pipeline-runner.ts");
        this.#member ??= this.#openMember();
        return makeRemotePipelineRunner(node, await this.#member, (event) => onOffload?.(node.id, event));
      },
      decoder: this.decoder,
      native: () => this.#openNative(),
    });
  }

  /** This machine and the peers at these addresses: what `load` places nodes on. A peer that can't be reached is among them, barred.
   * @throws RemoteMediaError `membership-missing`, `identity-invalid`, `peer-unreachable` where this machine has no WebRTC */
  async findPlaces(local: () => Promise<CapabilityStatement>, peers: readonly string[]): Promise<Place[]> {
    const { findPlaces } = await import("./find-places.ts");
    if (peers.length > 0) this.#member ??= this.#openMember();
    return findPlaces(await local(), peers, await this.#member);
  }

  /** Whose sessions pipelines use from now on; its end is the caller's business. */
  useMember(member: MemberUse): void {
    this.#member = Promise.resolve(member);
  }

  /** What this machine says of itself in its mesh; by probing where it is in none. */
  async describeSelf(): Promise<CapabilityStatement> {
    const member = await this.#member;
    return member === undefined ? (await (await this.#openBoard()).look()).statement : member.statement();
  }

  /** Makes runners for stages of peers. */
  openHost(options: Pick<SandboxHostOptions, "limits" | "unpack" | "findPipeline" | "onLog">): SandboxHost {
    return new SandboxHost({ ...options, pool: this.#pool, library: this.#library });
  }

  async #openMember(): Promise<MemberUse> {
    const { openCaller } = await import("./open-caller.ts");
    const board = await this.#openBoard();
    const caller = await openCaller(this.config, (await board.look()).statement);
    this.#caller = caller;
    return caller;
  }

  async #placeStages(
    pipeline: LoadedPipeline & Partial<FromPackage>,
    { onOffload }: RunRequest,
  ): Promise<PlacedStages | undefined> {
    const member = await this.#member;
    if (member === undefined || pipeline.placement === undefined) return undefined;
    const { PlacedStages } = await import("./placed-stages.ts");
    const digest = pipeline.installed?.digest;
    if (digest !== undefined) member.offer(digest);
    return new PlacedStages(
      {
        pipeline,
        package: digest,
        mesh: member.mesh,
        self: member.identity.device,
        statement: member.statement,
        timers: systemTimers,
        onEvent: onOffload,
      },
      pipeline.placement,
    );
  }

  /** Loaded and opened at the first need, as the native parts are: most pipelines ask nothing of the machine. */
  #openBoard(): Promise<Board> {
    this.#board ??= import("./probe-board.ts").then(({ openBoard }) => openBoard(this.config));
    return this.#board;
  }

  #openNative(): Promise<NativeParts & Disposable> {
    this.#native ??= import("./native-parts.ts").then(({ openNativeParts }) =>
      openNativeParts(() => this.#openBoard()),
    );
    return this.#native;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#caller?.[Symbol.asyncDispose]();
    (await this.#native)?.[Symbol.dispose]();
    (await this.#board)?.[Symbol.dispose]();
    await this.#pool.close();
    for (const unpacked of this.#unpacked) await unpacked[Symbol.asyncDispose]();
  }
}
