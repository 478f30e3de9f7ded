// The stage inside of a sandbox child: calls its nodes under their limits, hands frames from one to the next.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ChildHost } from "../../../platform/contract/process.ts";
import type { FailureCode } from "../../node/failure.ts";
import type { Frame } from "../../node/frame.ts";
import { failureCodes } from "../records.ts";
import { control, type SharedLayout } from "../shared-layout.ts";
import { type StageBound, stageBoundOf } from "../stage-bound.ts";
import { MetricsWriter } from "../stage-metrics.ts";
import type { StageNode, StageSpec } from "../stage-spec.ts";
import { classifyTrap } from "./classify-trap.ts";
import { type Guest, unlimitedFuel } from "./guest.ts";
import type { GuestFactory } from "./load-guest.ts";

/** Where a stage's results go: the ring to the parent. */
export interface StageOutput {
  emission(node: number, port: number, frame: Frame): void;
  failure(
    node: number,
    code: FailureCode,
    message: string,
    pts: number | undefined,
    consecutive: number,
  ): void;
}

/** Least wall clock for instantiating: most of it is the engine's work, and a call's limit may be a few milliseconds. */
const leastInstantiationMs = 1000;

interface Member {
  readonly spec: StageNode;
  readonly index: number;
  readonly metrics: MetricsWriter;
  guest: Guest | undefined;
}

export class Stage {
  readonly #members: readonly Member[];
  readonly #host: ChildHost;
  readonly #control: Int32Array;
  readonly #create: GuestFactory;
  readonly #output: StageOutput;
  readonly #bound: StageBound;
  /** What the current frame from outside has led to. */
  #handedOn = 0;
  #emittedBytes = 0;

  constructor(
    spec: StageSpec,
    host: ChildHost,
    layout: SharedLayout,
    create: GuestFactory,
    output: StageOutput,
  ) {
    this.#host = host;
    this.#control = layout.control;
    this.#create = create;
    this.#output = output;
    this.#bound = stageBoundOf(spec.nodes);
    this.#members = spec.nodes.map((node, index) => ({
      spec: node,
      index,
      metrics: new MetricsWriter(layout.metrics[index]!),
      guest: undefined,
    }));
  }

  /** Instantiates and opens every node. False when one failed; the failure has been reported. */
  open(): boolean {
    return this.#members.every((member) => this.#revive(member, undefined));
  }

  /** One frame from outside, for the root. */
  process(frame: Frame): void {
    this.#begin();
    const root = this.#members[0];
    if (root !== undefined) this.#feed(root, frame);
  }

  /** Flushes every node, each after the one that feeds it. */
  flush(): void {
    for (const member of this.#members) {
      this.#begin();
      const guest = member.guest;
      if (guest === undefined) continue;
      const frames = this.#attempt(member, undefined, () => guest.flush());
      if (frames !== undefined) this.#route(member, guest, undefined, frames);
    }
  }

  #begin(): void {
    this.#handedOn = 0;
    this.#emittedBytes = 0;
  }

  #feed(member: Member, frame: Frame): void {
    member.metrics.frameIn();
    if (member.guest === undefined && !this.#revive(member, frame.pts)) return;
    const guest = member.guest;
    if (guest === undefined) return;
    const frames = this.#attempt(member, frame.pts, () => guest.process(frame));
    if (frames !== undefined) this.#route(member, guest, frame.pts, frames);
  }

  /** Hands on what a call with a frame of `pts` gave, and then lets the guest free it: only then the call has succeeded. */
  #route(member: Member, guest: Guest, pts: number | undefined, frames: readonly Frame[]): void {
    member.metrics.framesOut(frames.length);
    for (const frame of frames) {
      if (this.#isSpent) break;
      const port = member.spec.outputs.findIndex((output) => output.name === frame.port);
      const route = member.spec.routes[port];
      if (route === undefined) continue;
      this.#handedOn += 1;
      if (route.outside) this.#emittedBytes += frame.data.length;
      if (this.#isSpent) {
        this.#fail(member, pts, tooMuch(this.#bound));
        return;
      }
      if (route.outside) this.#output.emission(member.index, port, frame);
      for (const next of route.inside) this.#feed(this.#members[next.node]!, { ...frame, port: next.port });
    }
    try {
      this.#guarded(member, member.spec.limits.maxExecutionMs, () => guest.release());
      member.metrics.consecutive = 0;
    } catch (thrown) {
      this.#fail(member, pts, thrown);
    }
  }

  get #isSpent(): boolean {
    return this.#handedOn > this.#bound.frames || this.#emittedBytes > this.#bound.bytes;
  }

  /** Runs one counted guest call; undefined when it failed, which has been reported and mended by then. */
  #attempt<T>(member: Member, pts: number | undefined, call: () => T): T | undefined {
    const guest = member.guest!;
    const budget = member.spec.limits.maxFuel ?? unlimitedFuel;
    const started = performance.now();
    try {
      guest.refuel(budget);
      const result = this.#guarded(member, member.spec.limits.maxExecutionMs, call);
      this.#count(member, guest, budget, started);
      return result;
    } catch (thrown) {
      this.#count(member, guest, budget, started);
      this.#fail(member, pts, thrown);
      return undefined;
    }
  }

  #count(member: Member, guest: Guest, budget: bigint, started: number): void {
    const left = guest.fuelLeft();
    const burnt = left < 0n ? budget : budget - left;
    member.metrics.call((performance.now() - started) * 1000, burnt, guest.memoryBytes());
  }

  /** The only way into guest code: the timer is armed, and the parent can see whose turn it is. */
  #guarded<T>(member: Member, ms: number, call: () => T): T {
    const words = this.#control;
    Atomics.store(words, control.currentNode, member.index);
    Atomics.add(words, control.progress, 1);
    this.#host.armTimer(ms);
    try {
      return call();
    } finally {
      this.#host.disarmTimer();
      Atomics.store(words, control.currentNode, -1);
      Atomics.add(words, control.progress, 1);
    }
  }

  /** Reports, then gives the node a fresh instance unless its policy keeps this one. */
  #fail(member: Member, pts: number | undefined, thrown: unknown): void {
    const code = this.#report(member, pts, thrown);
    if (code === "node-bad-input" && member.spec.keepAfterBadInput) return;
    member.guest = undefined;
    member.metrics.restart();
    this.#revive(member, pts);
  }

  /** A fresh instance, opened. */
  #revive(member: Member, pts: number | undefined): boolean {
    const { limits, params } = member.spec;
    try {
      const startMs = Math.max(limits.maxExecutionMs, leastInstantiationMs);
      const guest = this.#guarded(member, startMs, () => this.#create(member.index));
      guest.refuel(limits.maxFuel ?? unlimitedFuel);
      member.guest = guest;
      this.#guarded(member, limits.maxExecutionMs, () => guest.open(params));
      return true;
    } catch (thrown) {
      this.#report(member, pts, thrown);
      member.guest = undefined;
      return false;
    }
  }

  #report(member: Member, pts: number | undefined, thrown: unknown): FailureCode {
    const error = classifyTrap(thrown, member.guest);
    const code = failureCodes.find((known) => known === error.code) ?? "node-trap";
    member.metrics.consecutive += 1;
    this.#output.failure(member.index, code, error.message, pts, member.metrics.consecutive);
    return code;
  }
}

function tooMuch({ frames, bytes }: StageBound): RemoteMediaError {
  return new RemoteMediaError(
    "node-output-limit",
    `one frame became more than ${frames} frames or ${bytes} bytes in its stage`,
  );
}
