// OffloadRunner: a NodeRunner over several places, peers and this machine; it outlives any of them.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { FailureCode, NodeFailure } from "../node/failure.ts";
import type { Frame } from "../node/frame.ts";
import type { NodeMetrics, NodeRunner, Outcome } from "../node/runner.ts";
import { protocolBounds } from "../protocol/bounds.ts";
import { type Call, CallLedger } from "./call-ledger.ts";
import type { Candidate, OffloadEvent, OffloadedStage } from "./candidate.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import { DeadlineWatch } from "./deadline-watch.ts";
import { describeTrials, openingError } from "./describe-trials.ts";
import type { CallResult } from "./lane.ts";
import { LaneSet } from "./lane-set.ts";
import type { LaneSlot } from "./lane-slot.ts";
import { describeSlot, type OffloadStatus } from "./offload-status.ts";
import { StageTally } from "./stage-tally.ts";

export interface OffloadRunnerOptions {
  readonly stage: OffloadedStage;
  readonly candidates: readonly Candidate[];
  readonly timers: Timers;
  /** Gives 0 to 1, without 1. */
  readonly random: () => number;
  readonly onEvent?: (event: OffloadEvent) => void;
  /** How long calls wait, in ms, while no place can take them, before they are failures; default 10,000. */
  readonly patienceMs?: number;
  /** How many peers may end while it is a call's turn there before no further peer is given it; default 2. */
  readonly maxDeaths?: number;
  /** See `PeerLaneOptions`. */
  readonly openMs?: number;
  /** By place, for stages that share what they know of places; default: its own. */
  readonly breakers?: Map<string, CircuitBreaker>;
}

/** Enough to fill the way to a peer that is 30 ms off with 2000 frames a second. */
const callWindow = 64;

type SlotCall = Call<LaneSlot>;

export class OffloadRunner implements NodeRunner {
  readonly window = callWindow;
  readonly #options: OffloadRunnerOptions;
  readonly #stage: OffloadedStage;
  readonly #timers: Timers;
  readonly #ledger = new CallLedger<LaneSlot>();
  readonly #set: LaneSet;
  readonly #tally: StageTally;
  readonly #deadlines: DeadlineWatch;
  readonly #opening = Promise.withResolvers<void>();
  #state: "new" | "opening" | "open" | "closed" = "new";
  #candidates: readonly Candidate[];
  #isPumping = false;
  #isPumpDue = false;
  #failedInRow = 0;
  /** When a call was last answered, or began to wait with none before it. */
  #progressMs = 0;
  #stopPatience: (() => void) | undefined;
  /** Where the state was: to be flushed before the next call goes to where it is. */
  #leaving: LaneSlot | undefined;

  constructor(options: OffloadRunnerOptions) {
    this.#options = options;
    this.#stage = options.stage;
    this.#candidates = options.candidates;
    this.#timers = options.timers;
    this.#tally = new StageTally(options.stage);
    this.#deadlines = new DeadlineWatch({
      stage: options.stage,
      timers: options.timers,
      ledger: this.#ledger,
      over: (call, why) => this.#fail(call, "peer-deadline", why),
      judged: () => this.#pump(),
    });
    this.#opening.promise.catch(() => {});
    const { stage, timers, random, openMs, breakers = new Map<string, CircuitBreaker>() } = options;
    const events = {
      answered: this.#answered.bind(this),
      refused: this.#refused.bind(this),
      lost: this.#lost.bind(this),
      suspected: this.#suspected.bind(this),
      opened: this.#opened.bind(this),
      changed: () => this.#pump(),
      isNeeded: (slot: LaneSlot) => this.#ledger.oldest?.places.has(slot) ?? false,
    };
    const moved = (from: LaneSlot) => {
      this.#leaving = from;
    };
    this.#set = new LaneSet({ stage, timers, random, openMs, breakers, events, moved });
  }

  /** Resolves when the first place is ready; the others go on opening. @throws RemoteMediaError `placement-impossible`, listing all that was tried, or the fault
   * of the stage's own that all found */
  async open(): Promise<void> {
    this.#state = "opening";
    this.#set.replace(this.#candidates);
    this.#checkOpening();
    try {
      await this.#opening.promise;
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  #checkOpening(): void {
    if (this.#state === "opening" && this.#set.isHopeless)
      this.#opening.reject(openingError(this.#stage.root, this.#set.slots));
  }

  process(frame: Frame): Promise<Outcome> {
    return this.#call(frame);
  }

  flush(): Promise<Outcome> {
    return this.#call(undefined);
  }

  #call(frame: Frame | undefined): Promise<Outcome> {
    if (this.#state !== "open") return Promise.reject(closedError());
    const nowMs = this.#timers.monotonicMs();
    if (!this.#ledger.hasWaiting) this.#progressMs = nowMs;
    const call = this.#ledger.add(frame, nowMs);
    if (frame !== undefined && frame.data.length > protocolBounds.frameBytes)
      this.#fail(call, "node-bad-input", `a frame of ${frame.data.length} bytes is too large`);
    this.#pump();
    this.#deadlines.watch();
    return call.promise!.promise;
  }

  /** Swaps the candidates between two frames: new calls go to the new ones, what is in flight ends where it is. */
  setCandidates(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
    if (this.#state === "new" || this.#state === "closed") return;
    this.#set.replace(candidates);
    this.#checkOpening();
    this.#pump();
  }

  /** Sends what can be sent. May be called from within what it leads to. */
  #pump(): void {
    this.#isPumpDue = true;
    if (this.#isPumping || this.#state !== "open") return;
    this.#isPumping = true;
    while (this.#isPumpDue) {
      this.#isPumpDue = false;
      this.#place();
    }
    this.#isPumping = false;
    if (this.#ledger.hasWaiting) {
      this.#set.tend();
      this.#armPatience();
    }
  }

  #place(): void {
    if (!this.#leave()) return;
    for (const call of this.#ledger.waiting) {
      if (call.outcome !== undefined) continue;
      if (call.places.size > 0 && !this.#isDoubtful(call)) {
        this.#ledger.unqueue(call);
        continue;
      }
      const isPoison = call.deaths >= (this.#options.maxDeaths ?? 2);
      const slot = this.#set.choose(call, call.places, isPoison);
      if (slot !== undefined && this.#deadlines.isInTime(call, slot)) this.#send(call, slot);
      else if (slot === undefined && isPoison && !this.#set.askLocal())
        this.#fail(call, "peer-lost", `${call.deaths} peers were lost with it, one after the other`);
      else if (slot === undefined && call.places.size === 0 && !isPoison) return;
    }
  }

  #send(call: SlotCall, slot: LaneSlot): void {
    const nowMs = this.#timers.monotonicMs();
    this.#ledger.unqueue(call);
    call.places.add(slot);
    call.sentMs = nowMs;
    slot.send(call, nowMs - call.startedMs);
  }

  /** Flushes the place that a stateful stage has left. False while that can't be done yet. */
  #leave(): boolean {
    const from = this.#leaving;
    if (from === undefined || from.state !== "open") return true;
    if (!from.canTake({ number: 0, frame: undefined })) return false;
    this.#leaving = undefined;
    this.#send(this.#ledger.insertFlush(this.#timers.monotonicMs()), from);
    return true;
  }

  /** Whether a call that is somewhere is to be given to another place as well. */
  #isDoubtful(call: SlotCall): boolean {
    return (this.#deadlines.isLate(call) && call.places.size === 1) || isSilent(call);
  }

  #opened(slot: LaneSlot): void {
    this.#set.opened(slot);
    this.#tell({ kind: "opened", place: slot.candidate.place, name: slot.candidate.name });
    if (this.#state === "opening") {
      this.#state = "open";
      this.#opening.resolve();
    }
    this.#pump();
  }

  #answered(slot: LaneSlot, number: number, result: CallResult, release: () => void): void {
    const call = this.#ledger.find(number);
    call?.places.delete(slot);
    const nowMs = this.#timers.monotonicMs();
    if (call === undefined || call.outcome !== undefined) {
      release();
    } else {
      this.#progressMs = nowMs;
      const serviceMs = call.frame && nowMs - call.sentMs;
      this.#ledger.answer(call, () => this.#hand(result, serviceMs, release));
      // The oldest call is another's now: its place must be able to go on.
      for (const place of this.#ledger.oldest?.places ?? []) place.refresh();
    }
    this.#set.eased(slot);
    this.#pump();
  }

  #refused(slot: LaneSlot, number: number, why: RemoteMediaError): void {
    const call = this.#ledger.find(number);
    if (call?.places.delete(slot) && call.outcome === undefined && call.places.size === 0) {
      // What came after it at that place has been worked on without it: it can't come later.
      if (this.#stage.stateful) this.#gap(slot, [call], `it was refused: ${why.message}`);
      else this.#ledger.requeue(call);
    }
    this.#set.eased(slot);
    this.#pump();
  }

  #lost(slot: LaneSlot, numbers: readonly number[], why: RemoteMediaError): void {
    const calls = numbers.flatMap((number) => this.#ledger.find(number) ?? []);
    const orphans = calls.filter(
      (call) => call.places.delete(slot) && call.outcome === undefined && call.places.size === 0,
    );
    if (calls[0] !== undefined && why.code !== "peer-busy") calls[0].deaths += 1;
    if (this.#stage.stateful) this.#gap(slot, orphans, why.message);
    else for (const call of orphans) this.#ledger.requeue(call);
    for (const call of calls) this.#double(call);
    const replayed = this.#stage.stateful ? 0 : orphans.length;
    const { place, name } = slot.candidate;
    this.#tell({ kind: "lost", place, name, code: why.code, message: why.message, replayed });
    this.#set.lost(slot);
    this.#checkOpening();
    this.#pump();
  }

  /** Calls of a stateful stage that went with their place. */
  #gap(slot: LaneSlot, calls: readonly SlotCall[], why: string): void {
    if (calls.length === 0) return;
    this.#tally.restart();
    this.#tell({
      kind: "gap",
      place: slot.candidate.place,
      name: slot.candidate.name,
      calls: calls.length,
    });
    for (const call of calls) this.#fail(call, "peer-lost", why);
  }

  /** What waits there may be asked of others as well. */
  #suspected(slot: LaneSlot): void {
    this.#tell({ kind: "suspected", place: slot.candidate.place, name: slot.candidate.name });
    for (const number of slot.calls) this.#double(this.#ledger.find(number));
    this.#set.tend();
    this.#pump();
  }

  /** Asks another place as well, if those that have it say nothing. */
  #double(call: SlotCall | undefined): void {
    if (call !== undefined && !this.#stage.stateful && isSilent(call)) this.#ledger.requeue(call);
  }

  /** The call ends here, as a failure of the stage. A flush of a stage that remembers nothing has lost nothing. */
  #fail(call: SlotCall, code: FailureCode, message: string): void {
    if (call.frame === undefined && !this.#stage.stateful) {
      this.#ledger.answer(call, () => ({ emissions: [], failures: [] }));
      return;
    }
    this.#ledger.answer(call, () => this.#handFailure(call, code, message));
  }

  /** A call's result on its way out. */
  #hand({ emissions, failures }: CallResult, serviceMs: number | undefined, release: () => void): Outcome {
    const outcome = { emissions, failures };
    this.#failedInRow = 0;
    this.#tally.add(outcome, serviceMs);
    release();
    return outcome;
  }

  #handFailure({ frame }: SlotCall, code: FailureCode, message: string): Outcome {
    this.#failedInRow += 1;
    const { root, nodes } = this.#stage;
    const failure: NodeFailure = {
      node: root,
      nodeType: nodes.find(({ id }) => id === root)?.type ?? root,
      code,
      message,
      framePts: frame?.pts,
      consecutive: this.#failedInRow,
    };
    this.#tell({ kind: "failed", failure });
    return { emissions: [], failures: [failure] };
  }

  /** Calls that wait while nothing moves anywhere become failures in the end. */
  #armPatience(): void {
    if (this.#stopPatience !== undefined) return;
    const { patienceMs = 10_000 } = this.#options;
    if (!Number.isFinite(patienceMs)) return;
    const left = this.#progressMs + patienceMs - this.#timers.monotonicMs();
    this.#stopPatience = this.#timers.after(Math.max(1, left), () => {
      this.#stopPatience = undefined;
      const isOver = this.#timers.monotonicMs() >= this.#progressMs + patienceMs;
      if (isOver && this.#set.inFlight === 0) this.#giveUpWaiting();
      if (this.#ledger.hasWaiting) this.#armPatience();
    });
  }

  #giveUpWaiting(): void {
    const why = `no place took it: ${describeTrials(this.#set.slots)}`;
    for (const call of this.#ledger.waiting) if (call.places.size === 0) this.#fail(call, "peer-lost", why);
  }

  #tell(event: OffloadEvent): void {
    this.#options.onEvent?.(event);
  }

  status(): OffloadStatus {
    return {
      candidates: this.#set.slots.map(describeSlot),
      unsettled: this.#ledger.size,
      waiting: this.#ledger.waiting.length,
    };
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    const slots = this.#set.slots.filter(({ hops }) => hops.wireUs !== undefined);
    const open = slots.filter(({ state }) => state === "open");
    const names = (open.length > 0 ? open : slots).map(({ candidate }) => candidate.name);
    return this.#tally.read(names.join(",") || "nowhere");
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#stopPatience?.();
    this.#deadlines.stop();
    this.#opening.reject(closedError());
    this.#ledger.rejectAll(closedError());
    await this.#set.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Whether all who have it say nothing. */
function isSilent({ places }: SlotCall): boolean {
  return places.size > 0 && [...places].every(({ isSuspect }) => isSuspect);
}

function closedError(): RemoteMediaError {
  return new RemoteMediaError("internal", "the stage is not open");
}
