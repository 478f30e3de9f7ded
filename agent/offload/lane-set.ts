// All candidates of a stage: which of them are opened, which get calls, which are let go.
import type { Timers } from "../../platform/contract/timers.ts";
import type { Candidate, OffloadedStage } from "./candidate.ts";
import { chooseLane } from "./choose-lane.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import type { LaneCall } from "./lane.ts";
import { LaneSlot, type SlotEvents } from "./lane-slot.ts";

export interface LaneSetOptions {
  readonly stage: OffloadedStage;
  readonly timers: Timers;
  readonly random: () => number;
  /** By place; may be shared by the stages of a pipeline. */
  readonly breakers: Map<string, CircuitBreaker>;
  readonly events: SlotEvents;
  readonly openMs: number | undefined;
  /** A stateful stage has another place from now on, as nothing is lost. */
  readonly moved: (from: LaneSlot) => void;
}

/** Scores that count as near the best: half as much again, and 2 ms. */
const nearFactor = 1.5;
const nearMs = 2;
/** How long one is given to open before the next is asked as well. */
const escalateMs = 500;
/** How long a worse place is kept open after a better one has opened. */
const lingerMs = 5000;

export class LaneSet {
  readonly #options: LaneSetOptions;
  readonly #timers: Timers;
  /** By score; those that are let go are among them until their calls are answered. */
  #slots: LaneSlot[] = [];
  /** Of a stateful stage: where its state is. */
  #current: LaneSlot | undefined;
  /** The stateful stage's place is to change. */
  #isMoving = false;
  #wake: { readonly atMs: number; readonly stop: () => void } | undefined;
  #isClosed = false;

  constructor(options: LaneSetOptions) {
    this.#options = options;
    this.#timers = options.timers;
  }

  get slots(): readonly LaneSlot[] {
    return this.#slots;
  }

  get hasOpen(): boolean {
    return this.#slots.some(({ state }) => state === "open");
  }

  get inFlight(): number {
    return this.#slots.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Sees to it that this machine is open, for a call that only it gets. False when it can't be had now. */
  askLocal(): boolean {
    const local = this.#slots.find((slot) => slot.candidate.kind === "local" && !slot.isRetired);
    if (local?.mayOpen) local.open();
    return local !== undefined && local.state !== "idle";
  }

  /** Whether nothing is open, nor opening, nor may be opened now. */
  get isHopeless(): boolean {
    return this.#slots.every((slot) => slot.state === "idle" && !slot.mayOpen);
  }

  /** Swaps the candidates: new calls go to the new ones, what is in flight ends where it is. */
  replace(candidates: readonly Candidate[]): void {
    const kept = new Map(candidates.map((candidate) => [candidate.place, candidate]));
    for (const slot of this.#slots) {
      const candidate = kept.get(slot.candidate.place);
      slot.isRetired = candidate === undefined;
      if (candidate === undefined) continue;
      slot.candidate = candidate;
      kept.delete(candidate.place);
    }
    for (const candidate of kept.values()) this.#slots.push(this.#makeSlot(candidate));
    this.#slots.sort((one, other) => one.candidate.score - other.candidate.score);
    const current = this.#current;
    const best = this.#slots.find(({ isRetired }) => !isRetired);
    this.#isMoving =
      current !== undefined && best !== undefined && (current.isRetired || !isNear(current, best));
    this.#sweep();
    this.tend();
  }

  #makeSlot(candidate: Candidate): LaneSlot {
    const { stage, events, openMs, breakers, random } = this.#options;
    const breaker = breakers.get(candidate.place) ?? new CircuitBreaker({ clock: this.#timers, random });
    breakers.set(candidate.place, breaker);
    return new LaneSlot(candidate, { stage, timers: this.#timers, breaker, events, openMs });
  }

  /** Where a call goes now; undefined: nowhere for the moment. Not where it is already; `onlyLocal` for one that peers died of. */
  choose(call: LaneCall, isThere: ReadonlySet<LaneSlot>, onlyLocal: boolean): LaneSlot | undefined {
    if (this.#options.stage.stateful) {
      const current = this.#current;
      return current?.isHealthy && current.canTake(call) ? current : undefined;
    }
    const healthy = this.#slots.filter(
      (slot) =>
        slot.isHealthy &&
        !slot.isRetired &&
        !isThere.has(slot) &&
        (!onlyLocal || slot.candidate.kind === "local"),
    );
    const best = healthy[0];
    if (best === undefined) return undefined;
    const free = healthy.filter((slot) => isNear(slot, best) && slot.canTake(call));
    return chooseLane(free, this.#options.random);
  }

  /** A slot has opened. */
  opened(slot: LaneSlot): void {
    if (this.#options.stage.stateful) this.#settleOn(slot);
    this.tend();
  }

  #settleOn(slot: LaneSlot): void {
    const before = this.#current;
    if (before !== undefined && !this.#isMoving) {
      void slot.close();
      return;
    }
    this.#current = slot;
    this.#isMoving = false;
    if (before !== undefined) this.#options.moved(before);
    for (const other of this.#slots) if (other.state === "opening") void other.close();
  }

  /** A slot has lost its lane, or didn't get one. */
  lost(slot: LaneSlot): void {
    if (this.#current === slot) this.#current = undefined;
    this.#sweep();
    this.tend();
  }

  /** Opens what should be open, and sees to be called again when that may change by itself. */
  tend(): void {
    if (this.#isClosed) return;
    const isSettled = this.#options.stage.stateful && this.#current !== undefined && !this.#isMoving;
    if (!isSettled) this.#reach();
    this.#sweep();
    this.#sleep();
  }

  /** Opens the best that can be had: all that are near it where calls may be spread, else one. Who takes long to open doesn't count. */
  #reach(): void {
    const able = this.#slots.filter((slot) => !slot.isRetired && this.#isAble(slot) && this.#isBetter(slot));
    const best = able[0];
    if (best === undefined) return;
    if (this.#options.stage.stateful) {
      if (best.mayOpen) best.open();
      return;
    }
    for (const slot of able) if (isNear(slot, best) && slot.mayOpen) slot.open();
  }

  /** A stateful stage moves for something better only. */
  #isBetter(slot: LaneSlot): boolean {
    const current = this.#current;
    return current === undefined || current.isRetired || slot.candidate.score < current.candidate.score;
  }

  #isAble(slot: LaneSlot): boolean {
    if (slot.state === "open") return !slot.isSuspect && slot !== this.#current;
    if (slot.state === "opening") return this.#timers.monotonicMs() < slot.openedAtMs + escalateMs;
    return slot.mayOpen;
  }

  /** Lets go of those that aren't wanted and have no calls. */
  #sweep(): void {
    const nowMs = this.#timers.monotonicMs();
    const best = this.#slots.find((slot) => slot.isHealthy && !slot.isRetired);
    const isStale = best !== undefined && nowMs >= best.openedAtMs + lingerMs;
    for (const slot of this.#slots) {
      if (slot === this.#current || slot.inFlight > 0 || slot.state !== "open") continue;
      const isWorse = isStale && !isNear(slot, best) && !slot.isSuspect;
      if (slot.isRetired || this.#options.stage.stateful || isWorse) void slot.close();
    }
    this.#slots = this.#slots.filter((slot) => {
      const isDone = slot.isRetired && slot.inFlight === 0 && slot !== this.#current;
      if (isDone) void slot.close();
      return !isDone;
    });
  }

  /** A slot has fewer calls than before. */
  eased(slot: LaneSlot): void {
    if (slot.inFlight === 0 && (slot.isRetired || this.#options.stage.stateful)) this.#sweep();
  }

  /** Wakes when a slot may be opened again, or has taken too long to open, or a worse one has lingered. */
  #sleep(): void {
    const nowMs = this.#timers.monotonicMs();
    const moments = this.#slots
      .map((slot) => {
        if (slot.state === "idle") return slot.breaker.retryAtMs;
        return slot.openedAtMs + (slot.state === "opening" ? escalateMs : lingerMs);
      })
      .filter((atMs) => atMs > nowMs);
    const atMs = Math.min(...moments);
    if (this.#wake?.atMs === atMs) return;
    this.#wake?.stop();
    this.#wake = undefined;
    if (!Number.isFinite(atMs)) return;
    const stop = this.#timers.after(atMs - nowMs, () => {
      this.#wake = undefined;
      this.tend();
    });
    this.#wake = { atMs, stop };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.stop();
    this.#wake = undefined;
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

/** `slots` are compared with the best of them. */
function isNear(slot: LaneSlot, best: LaneSlot): boolean {
  return slot.candidate.score <= best.candidate.score * nearFactor + nearMs;
}
