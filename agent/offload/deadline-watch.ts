// The deadline of a stage's calls: at half its time a call is asked of another place as well, at its end it is a failure.
import type { Timers } from "../../platform/contract/timers.ts";
import type { Call, CallLedger } from "./call-ledger.ts";
import type { OffloadedStage } from "./candidate.ts";
import { expectedUs } from "./choose-lane.ts";
import type { LaneSlot } from "./lane-slot.ts";

interface DeadlineWatchOptions {
  readonly stage: OffloadedStage;
  readonly timers: Timers;
  readonly ledger: CallLedger<LaneSlot>;
  /** The call's time is over. */
  readonly over: (call: Call<LaneSlot>, why: string) => void;
  /** Calls have been judged: some may be to be sent. */
  readonly judged: () => void;
}

export class DeadlineWatch {
  readonly #options: DeadlineWatchOptions;
  /** 0: none. */
  readonly #limitMs: number;
  #stop: (() => void) | undefined;

  constructor(options: DeadlineWatchOptions) {
    this.#options = options;
    this.#limitMs = options.stage.deadlineMs;
  }

  #ageMs({ startedMs }: Call<LaneSlot>): number {
    return this.#options.timers.monotonicMs() - startedMs;
  }

  /** Half its time is gone. */
  isLate(call: Call<LaneSlot>): boolean {
    return this.#limitMs > 0 && this.#ageMs(call) >= this.#limitMs / 2;
  }

  /** Whether a place may be given the call: a second one only while it can still make it. */
  isInTime(call: Call<LaneSlot>, slot: LaneSlot): boolean {
    if (this.#limitMs === 0 || call.places.size === 0) return true;
    return this.#ageMs(call) + expectedUs(slot) / 1000 < this.#limitMs;
  }

  /** Sees to it that calls are judged when it is time. A flush has no deadline. */
  watch(): void {
    if (this.#limitMs === 0 || this.#stop !== undefined) return;
    const moments = this.#calls().map((call) => {
      const nextMs = call.isDoubled || this.isLate(call) ? this.#limitMs : this.#limitMs / 2;
      return nextMs - this.#ageMs(call);
    });
    if (moments.length === 0) return;
    this.#stop = this.#options.timers.after(Math.max(1, Math.min(...moments)), () => {
      this.#stop = undefined;
      for (const call of this.#calls()) this.#judge(call);
      this.#options.judged();
      this.watch();
    });
  }

  #calls(): Call<LaneSlot>[] {
    return this.#options.ledger.unanswered().filter(({ frame }) => frame !== undefined);
  }

  #judge(call: Call<LaneSlot>): void {
    if (this.#ageMs(call) >= this.#limitMs) {
      this.#options.over(call, `it had no answer within ${this.#limitMs} ms`);
    } else if (this.isLate(call) && !call.isDoubled && !this.#options.stage.stateful) {
      call.isDoubled = true;
      if (call.places.size === 1) this.#options.ledger.requeue(call);
    }
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
