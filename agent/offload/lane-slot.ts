// A candidate with its lane, when it has one: opened, watched, given up, and tried again when its breaker lets it be.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { errorFamilies } from "../../platform/base/error-codes.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { Candidate, OffloadedStage } from "./candidate.ts";
import type { LaneLoad } from "./choose-lane.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import { HopTimes } from "./hop-times.ts";
import type { CallResult, Lane, LaneCall } from "./lane.ts";
import { LocalLane } from "./local-lane.ts";
import { PeerLane } from "./peer-lane.ts";

export interface SlotEvents {
  /** `release` is called once the result has left. */
  answered(slot: LaneSlot, call: number, result: CallResult, release: () => void): void;
  refused(slot: LaneSlot, call: number, why: RemoteMediaError): void;
  /** Calls without an answer, oldest first, when it ended; none when it didn't even open. */
  lost(slot: LaneSlot, calls: readonly number[], why: RemoteMediaError): void;
  /** It has said nothing for a while. */
  suspected(slot: LaneSlot): void;
  opened(slot: LaneSlot): void;
  /** It has room, or speaks again. */
  changed(slot: LaneSlot): void;
  isNeeded(slot: LaneSlot): boolean;
}

export interface SlotOptions {
  readonly stage: OffloadedStage;
  readonly timers: Timers;
  readonly breaker: CircuitBreaker;
  readonly events: SlotEvents;
  /** See `PeerLaneOptions`. */
  readonly openMs: number | undefined;
}

/** Silence with calls in flight, after which others are asked as well: four times what a call takes there, at least this. */
const leastSuspectMs = 300;
/** Before the first answer, when nobody knows what a call takes. */
const firstSuspectMs = 800;
/** Beyond what a call may take by its limits. */
const graceMs = 2000;
/** How often it is looked at meanwhile. */
const lookMs = 200;
/** After a refusal of a call; doubles while it goes on. */
const busyMs = 10;
const longestBusyMs = 500;

/** Calls at a place of which nobody knows how long it takes, and at least, one that is worked on and those that wait behind it. */
const firstDepth = 8;
const leastDepth = 3;

export class LaneSlot implements LaneLoad {
  candidate: Candidate;
  /** It is no candidate any more: nothing new goes there. */
  isRetired = false;
  isSuspect = false;
  lastError: RemoteMediaError | undefined;
  openedAtMs = 0;
  readonly breaker: CircuitBreaker;
  readonly hops = new HopTimes();
  readonly #options: SlotOptions;
  readonly #timers: Timers;
  /** Numbers of the calls that are there, with when they were sent. */
  readonly #sent = new Map<number, number>();
  #lane: Lane | undefined;
  #isOpen = false;
  #hasAnswered = false;
  #stopWatch: (() => void) | undefined;
  #busyUntilMs = Number.NEGATIVE_INFINITY;
  #busyPauseMs = busyMs;
  #stopBusy = () => {};

  constructor(candidate: Candidate, options: SlotOptions) {
    this.candidate = candidate;
    this.#options = options;
    this.#timers = options.timers;
    this.breaker = options.breaker;
  }

  get state(): "idle" | "opening" | "open" {
    if (this.#lane === undefined) return "idle";
    return this.#isOpen ? "open" : "opening";
  }

  /** Whether it may be opened now. */
  get mayOpen(): boolean {
    return this.#lane === undefined && !this.isRetired && this.breaker.mayTry;
  }

  get inFlight(): number {
    return this.#sent.size;
  }

  /** The calls without an answer, oldest first. */
  get calls(): readonly number[] {
    return [...this.#sent.keys()];
  }

  /** Whether it is open and speaks. */
  get isHealthy(): boolean {
    return this.#isOpen && !this.isSuspect;
  }

  get paceUs(): number | undefined {
    return this.#hasAnswered ? this.hops.paceUs : undefined;
  }

  get wireUs(): number | undefined {
    return this.hops.wireUs;
  }

  get queueUs(): number {
    return this.hops.waitedUs ?? 0;
  }

  open(): void {
    this.breaker.begin();
    this.openedAtMs = this.#timers.monotonicMs();
    const lane = this.#makeLane();
    this.#lane = lane;
    lane.open().then(
      () => {
        if (this.#lane !== lane) return;
        this.#isOpen = true;
        this.openedAtMs = this.#timers.monotonicMs();
        this.breaker.leave();
        this.#options.events.opened(this);
      },
      (thrown: unknown) => this.#gone(lane, toRemoteMediaError(thrown)),
    );
  }

  #makeLane(): Lane {
    const { stage, openMs, events } = this.#options;
    const timers = this.#timers;
    // What a lane tells after another has taken its place is nothing to anybody.
    const isCurrent = () => this.#lane === lane;
    const release = (result: CallResult) => () => lane.release(result);
    const laneEvents = {
      answered: (call: number, result: CallResult) => {
        if (isCurrent()) this.#answered(call, result, release(result));
      },
      refused: (call: number, why: RemoteMediaError) => {
        if (isCurrent()) this.#refused(call, why);
      },
      room: () => {
        if (isCurrent()) this.#heard();
      },
      ended: (why: RemoteMediaError) => this.#gone(lane, why),
      isNeeded: () => isCurrent() && events.isNeeded(this),
    };
    const { candidate } = this;
    const lane: Lane =
      candidate.kind === "local"
        ? new LocalLane({ open: () => candidate.open(), clock: timers, events: laneEvents })
        : new PeerLane({
            candidate,
            stage,
            timers,
            events: laneEvents,
            ...(openMs !== undefined && { openMs }),
          });
    return lane;
  }

  canTake(call: LaneCall): boolean {
    if (!this.#isOpen || this.inFlight >= this.#depth || !this.#lane!.canTake(call)) return false;
    return call.frame === undefined || this.#timers.monotonicMs() >= this.#busyUntilMs;
  }

  /** As many calls as keep the way and the work at its end busy. More would only wait there and grow old, while a live source goes on, and all
   * would have to be done again where the place dies. */
  get #depth(): number {
    const { paceUs, wireUs } = this.hops;
    if (this.candidate.kind === "local") return Number.POSITIVE_INFINITY;
    if (paceUs === 0 || wireUs === undefined) return firstDepth;
    return Math.max(leastDepth, Math.ceil((1.5 * wireUs) / paceUs) + 2);
  }

  send(call: LaneCall, queuedMs: number): void {
    this.#sent.set(call.number, this.#timers.monotonicMs());
    this.hops.queued(queuedMs * 1000);
    this.#lane!.send(call);
    this.#watch();
  }

  #answered(call: number, result: CallResult, release: () => void): void {
    const nowUs = this.#timers.monotonicMs() * 1000;
    this.hops.answered((this.#sent.get(call) ?? 0) * 1000, nowUs, result);
    this.#sent.delete(call);
    this.#hasAnswered = true;
    this.#busyPauseMs = busyMs;
    this.isSuspect = false;
    this.breaker.succeed();
    this.#options.events.answered(this, call, result, release);
  }

  #refused(call: number, why: RemoteMediaError): void {
    this.#sent.delete(call);
    this.lastError = why;
    this.#busyUntilMs = this.#timers.monotonicMs() + this.#busyPauseMs;
    this.#stopBusy();
    this.#stopBusy = this.#timers.after(this.#busyPauseMs, () => this.#options.events.changed(this));
    this.#busyPauseMs = Math.min(this.#busyPauseMs * 2, longestBusyMs);
    this.isSuspect = false;
    this.#options.events.refused(this, call, why);
  }

  #heard(): void {
    this.isSuspect = false;
    this.#options.events.changed(this);
  }

  /** Looks after a while whether it has shown progress, as long as it has calls. */
  #watch(): void {
    if (this.#stopWatch !== undefined || this.inFlight === 0 || this.candidate.kind === "local") return;
    // What is usual is learnt while calls are answered, so it is asked anew each time.
    const wait = Math.min(Math.max(1, this.#limitMs - this.#lane!.quietMs()), lookMs);
    this.#stopWatch = this.#timers.after(wait, () => {
      this.#stopWatch = undefined;
      this.#look();
      if (this.#lane !== undefined) this.#watch();
    });
  }

  #look(): void {
    const lane = this.#lane;
    const limitMs = this.#limitMs;
    if (lane === undefined || lane.quietMs() < limitMs) return;
    if (this.isSuspect) {
      lane.fail(stalled(this.candidate.name, limitMs));
      return;
    }
    this.isSuspect = true;
    this.#options.events.suspected(this);
  }

  /** Silence that is too long. */
  get #limitMs(): number {
    const stallMs = this.#options.stage.maxCallMs + graceMs;
    if (this.isSuspect) return stallMs;
    if (!this.#hasAnswered) return Math.min(firstSuspectMs, stallMs);
    const usualMs = (this.hops.paceUs + (this.hops.wireUs ?? 0)) / 1000;
    return Math.min(Math.max(leastSuspectMs, usualMs * 4), stallMs);
  }

  refresh(): void {
    this.#lane?.refresh();
  }

  #gone(lane: Lane, why: RemoteMediaError): void {
    if (this.#lane !== lane) return;
    this.lastError = why;
    if (isDeliberate(why)) this.breaker.trip();
    else this.breaker.fail();
    const calls = this.#drop();
    this.#options.events.lost(this, calls, why);
  }

  /** Forgets the lane; gives the calls that were there. */
  #drop(): number[] {
    const calls = [...this.#sent.keys()];
    this.#sent.clear();
    this.#lane = undefined;
    this.#isOpen = false;
    this.isSuspect = false;
    this.#hasAnswered = false;
    this.#stopWatch?.();
    this.#stopWatch = undefined;
    return calls;
  }

  /** Ends it here. Calls that are there are its owner's to look after. */
  async close(): Promise<void> {
    const lane = this.#lane;
    this.#stopBusy();
    if (lane === undefined) return;
    if (!this.#isOpen) this.breaker.leave();
    this.#drop();
    await lane.close();
  }
}

/** What another try in a moment wouldn't change. */
function isDeliberate({ code }: RemoteMediaError): boolean {
  const family = errorFamilies[code];
  return code === "peer-invalid" || code === "peer-loop" || family === "trust" || family === "config";
}

function stalled(name: string, ms: number): RemoteMediaError {
  return new RemoteMediaError("peer-lost", `${name} said nothing for ${Math.round(ms)} ms`);
}
