// The stages of one running pipeline that may run elsewhere: each over several places, moved while it runs when that is worth it.
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { Mesh } from "../mesh/open-mesh.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { Candidate, OffloadEvent, OffloadedStage } from "../offload/candidate.ts";
import { OffloadRunner } from "../offload/offload-runner.ts";
import type { OffloadStatus } from "../offload/offload-status.ts";
import type { Assignment, Place } from "../placement/place.ts";
import { placeNodes } from "../placement/place-nodes.ts";
import type { Stage } from "../placement/plan.ts";
import { planStages } from "../placement/plan-stages.ts";
import { rankStage } from "../placement/rank-stage.ts";
import { judgeMove } from "../placement/re-place.ts";
import { isStateful, writeSubManifest } from "../placement/sub-manifest.ts";
import type { LoadedPipeline } from "./load-pipeline.ts";
import { listPeerPlaces } from "./mesh-places.ts";
import type { SandboxParts } from "./sandbox-stage.ts";
import { makeSandboxTree } from "./sandbox-tree.ts";

export interface PlacedStagesOptions {
  readonly pipeline: LoadedPipeline;
  /** The package that the pipeline's modules are of. */
  readonly package: Digest | undefined;
  readonly mesh: Mesh;
  /** This device's id. */
  readonly self: string;
  /** Of this machine, as it is now. */
  readonly statement: () => CapabilityStatement;
  readonly timers: Timers;
  readonly onEvent?: ((stage: string, event: OffloadEvent) => void) | undefined;
}

/** How often it is looked whether something would run better elsewhere. */
const lookMs = 1000;
/** Places that a stage is kept ready for. */
const maxCandidates = 8;

interface PlacedStage {
  readonly stage: Stage;
  readonly runner: OffloadRunner;
  readonly openLocal: () => NodeRunner;
  /** Places that it was last given, in order. */
  places: string;
}

export class PlacedStages implements Disposable {
  readonly #options: PlacedStagesOptions;
  readonly #stages: PlacedStage[] = [];
  #placement: Assignment;
  #sinceMs: number | undefined;
  #cancel = () => {};

  constructor(options: PlacedStagesOptions, placement: Assignment) {
    this.#options = options;
    this.#placement = placement;
    this.#lookLater();
  }

  /** Where each node runs now, and why. */
  get placement(): Assignment {
    return this.#placement;
  }

  /** The stages' ways and places, for people. */
  status(): readonly { readonly stage: Stage; readonly status: OffloadStatus }[] {
    return this.#stages.map(({ stage, runner }) => ({ stage, status: runner.status() }));
  }

  /** Whether a stage has anywhere to go but here, now or later. */
  mayMove({ nodes }: Stage): boolean {
    return nodes.every(({ runtime, grants, placement }) => {
      const staysHere = placement.prefer !== undefined && !placement.prefer.includes("peer");
      return (
        runtime === "wasm" && !staysHere && grants.filesystem === undefined && grants.network === undefined
      );
    });
  }

  makeRunner(stage: Stage, wanted: ReadonlySet<string>, parts: SandboxParts): NodeRunner {
    const { timers, onEvent } = this.#options;
    const openLocal = () => this.#openHere(stage, wanted, parts);
    const runner = new OffloadRunner({
      stage: this.#describe(stage, wanted),
      candidates: this.#candidates(stage, openLocal),
      timers,
      random: Math.random,
      onEvent: (event) => onEvent?.(stage.id, event),
    });
    this.#stages.push({ stage, runner, openLocal, places: "" });
    return runner;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #describe(stage: Stage, wanted: ReadonlySet<string>): OffloadedStage {
    const { pipeline, self } = this.#options;
    const ofStage = new Set(stage.nodes.map(({ id }) => id));
    const deadlines = stage.nodes.flatMap(({ placement }) => placement.deadline_ms ?? []);
    const sum = (pick: (limits: Stage["nodes"][number]["limits"]) => number) =>
      stage.nodes.reduce((total, { limits }) => total + pick(limits), 0);
    return {
      nodes: stage.nodes.map(({ id, type, policy }) => ({ id, type, action: policy.action })),
      root: stage.root,
      manifest: writeSubManifest(pipeline.resolved, stage),
      wanted: [...wanted].filter((port) => ofStage.has(port.slice(0, port.indexOf(".")))),
      package: stage.nodes.some(({ trust }) => trust === "module") ? this.#options.package : undefined,
      stateful: isStateful(stage),
      deadlineMs: deadlines.length === 0 ? 0 : Math.min(...deadlines),
      path: [self],
      maxCallMs: sum(({ maxExecutionMs }) => maxExecutionMs),
      maxFramesOut: sum(({ maxFramesOut }) => maxFramesOut),
      maxOutputBytes: sum(({ maxOutputBytes }) => maxOutputBytes),
    };
  }

  /** The stage's nodes here, planned as if the pipeline were nothing else. */
  #openHere(stage: Stage, wanted: ReadonlySet<string>, parts: SandboxParts): NodeRunner {
    const { resolved, modules } = this.#options.pipeline;
    const ids = new Set(stage.nodes.map(({ id }) => id));
    const part = {
      ...resolved,
      nodes: stage.nodes,
      connections: resolved.connections.filter(({ from, to }) => ids.has(from.node) && ids.has(to.node)),
      topologicalOrder: resolved.topologicalOrder.filter((id) => ids.has(id)),
      openInputs: [],
      openOutputs: [],
    };
    return makeSandboxTree(planStages(part), modules, wanted, parts);
  }

  #candidates(stage: Stage, openLocal: () => NodeRunner): Candidate[] {
    const { mesh } = this.#options;
    const ranked = rankStage(stage, this.#placement)
      .filter(({ place }) => place === "local" || this.#canTravel(stage))
      .slice(0, maxCandidates);
    // A runner knows one number, and what placement has put before all others comes first there too.
    const scores = ranked.map(({ tier, score }) => tier * 1e6 + score.rank * 1e3 + score.ms);
    scores[0] = Math.min(...scores);
    return ranked.map(({ place, name }, index): Candidate => {
      const score = scores[index]!;
      return place === "local"
        ? { kind: "local", place, name: "local", open: openLocal, score }
        : { kind: "peer", place, name, session: () => mesh.session(place), score };
    });
  }

  /** Modules travel in packages only: a peer believes nothing that nobody signed. */
  #canTravel({ nodes }: Stage): boolean {
    return this.#options.package !== undefined || nodes.every(({ trust }) => trust === "builtin");
  }

  #lookLater(): void {
    this.#cancel = this.#options.timers.after(lookMs, () => {
      this.#look();
      this.#lookLater();
    });
  }

  /** The places as they are now, against where the stages are. */
  #look(): void {
    const { pipeline, timers } = this.#options;
    const current = (node: string) => this.#placement.decisions.get(node)?.place;
    let next: Assignment;
    try {
      next = placeNodes(pipeline.resolved, this.#places(), { measured: this.#measured, current });
    } catch (thrown) {
      // Nobody can run it now: what runs goes on as long as it can, and the runners tell.
      if (thrown instanceof RemoteMediaError) return;
      throw thrown;
    }
    const move = judgeMove({ next, current, nowMs: timers.monotonicMs(), sinceMs: this.#sinceMs });
    this.#sinceMs = move.verdict === "wait" ? move.sinceMs : undefined;
    if (move.verdict === "move") this.#placement = next;
    else this.#placement = keepPlaces(next, this.#placement);
    for (const placed of this.#stages) this.#give(placed);
  }

  #places(): Place[] {
    const { mesh, statement } = this.#options;
    return [
      {
        id: "local",
        name: "local",
        statement: statement(),
        rttMs: 0,
        bytesPerSecond: undefined,
        addresses: [],
        price: 0,
      },
      ...listPeerPlaces(mesh),
    ];
  }

  /** Median time of a stage's calls at a place, shared among its nodes. */
  readonly #measured = (node: string, place: string): number | undefined => {
    const placed = this.#stages.find(({ stage }) => stage.nodes.some(({ id }) => id === node));
    const serviceUs = placed?.runner.status().candidates.find((one) => one.place === place)?.hops.computeUs;
    return serviceUs === undefined || placed === undefined
      ? undefined
      : serviceUs / 1000 / placed.stage.nodes.length;
  };

  /** Only what is new: a runner that is given the same places again would think about them again. */
  #give(placed: PlacedStage): void {
    const first = this.#placement.decisions.get(placed.stage.root)?.place ?? "local";
    const candidates = this.#candidates({ ...placed.stage, placedOn: first }, placed.openLocal);
    const places = candidates.map(({ place }) => place).join(" ");
    if (places === placed.places || candidates.length === 0) return;
    placed.places = places;
    placed.runner.setCandidates(candidates);
  }
}

/** What is known now of every place, with the choice as it was. */
function keepPlaces(next: Assignment, before: Assignment): Assignment {
  const decisions = [...next.decisions.values()].map((decision) => ({
    ...decision,
    place: before.decisions.get(decision.node)?.place ?? decision.place,
    get considered() {
      return decision.considered;
    },
  }));
  return { ...next, decisions: new Map(decisions.map((one) => [one.node, one])) };
}
