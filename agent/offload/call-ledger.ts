// The calls that have no outcome yet: numbered, kept until they are answered, settled in their order, each once.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import type { Outcome } from "../node/runner.ts";

/** A call on its way. `Place` is where it may be: what the ledger's owner sends calls to. */
export interface Call<Place> {
  readonly number: number;
  /** Undefined: a flush. */
  readonly frame: Frame | undefined;
  readonly startedMs: number;
  /** Where it is without an answer: one place, or more when the first is doubted. */
  readonly places: Set<Place>;
  sentMs: number;
  /** Places that ended while it was its turn there. */
  deaths: number;
  /** Whether a second place was asked because its time runs out. */
  isDoubled: boolean;
  /** Gives the outcome, when all calls before have theirs. */
  outcome: (() => Outcome) | undefined;
  /** Absent for a flush that nobody called for: what it gives goes with the next outcome. */
  readonly promise: PromiseWithResolvers<Outcome> | undefined;
}

export class CallLedger<Place> {
  /** All without a settled outcome, oldest first. */
  readonly #calls: Call<Place>[] = [];
  readonly #byNumber = new Map<number, Call<Place>>();
  /** Those that are to be sent, by number. */
  readonly #waiting: Call<Place>[] = [];
  #next = 1;
  #carried: Outcome[] = [];
  #isSettling = false;

  get size(): number {
    return this.#calls.length;
  }

  get oldest(): Call<Place> | undefined {
    return this.#calls[0];
  }

  /** In order; safe against changes while it is walked. */
  get waiting(): readonly Call<Place>[] {
    return [...this.#waiting];
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Those without an outcome, oldest first. */
  unanswered(): Call<Place>[] {
    return this.#calls.filter(({ outcome }) => outcome === undefined);
  }

  /** A new call, which waits. `isAsked` is false for a flush that the owner makes for itself. */
  add(frame: Frame | undefined, startedMs: number, isAsked = true): Call<Place> {
    const call: Call<Place> = {
      number: this.#next,
      frame,
      startedMs,
      places: new Set(),
      sentMs: startedMs,
      deaths: 0,
      isDoubled: false,
      outcome: undefined,
      promise: isAsked ? Promise.withResolvers<Outcome>() : undefined,
    };
    this.#next += 1;
    this.#calls.push(call);
    this.#byNumber.set(call.number, call);
    this.#waiting.push(call);
    return call;
  }

  /** A flush of the owner's own, which comes before every call that was never sent. It doesn't wait. */
  insertFlush(startedMs: number): Call<Place> {
    const call = this.add(undefined, startedMs, false);
    this.unqueue(call);
    const unsent = this.#waiting[0];
    if (unsent === undefined) return call;
    const at = this.#calls.indexOf(unsent);
    const before = this.#calls[at - 1]?.number ?? unsent.number - 1;
    this.#calls.pop();
    this.#byNumber.delete(call.number);
    // Numbers only order calls: between two there is always room for one.
    const inserted = { ...call, number: (before + unsent.number) / 2 };
    this.#calls.splice(at, 0, inserted);
    this.#byNumber.set(inserted.number, inserted);
    return inserted;
  }

  find(number: number): Call<Place> | undefined {
    return this.#byNumber.get(number);
  }

  /** It goes, or went, elsewhere. */
  unqueue(call: Call<Place>): void {
    const at = this.#waiting.indexOf(call);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** It is to be sent again: before all that came after it. */
  requeue(call: Call<Place>): void {
    if (call.outcome !== undefined || this.#waiting.includes(call)) return;
    const at = this.#waiting.findIndex(({ number }) => number > call.number);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, call);
  }

  /** Gives the call its outcome, unless it has one. `outcome` is called once, in the order of the calls, as it is handed on.
   * @returns whether it was the first */
  answer(call: Call<Place>, outcome: () => Outcome): boolean {
    if (call.outcome !== undefined || !this.#byNumber.has(call.number)) return false;
    call.outcome = outcome;
    this.unqueue(call);
    this.#settle();
    return true;
  }

  #settle(): void {
    // What an outcome leads to may answer the next call: it still comes after.
    if (this.#isSettling) return;
    this.#isSettling = true;
    for (let call = this.#calls[0]; call?.outcome !== undefined; call = this.#calls[0]) {
      this.#calls.shift();
      this.#byNumber.delete(call.number);
      const outcome = call.outcome();
      if (call.promise === undefined) this.#carried.push(outcome);
      else call.promise.resolve(this.#withCarried(outcome));
    }
    this.#isSettling = false;
  }

  #withCarried(outcome: Outcome): Outcome {
    if (this.#carried.length === 0) return outcome;
    const all = [...this.#carried, outcome];
    this.#carried = [];
    return {
      emissions: all.flatMap(({ emissions }) => emissions),
      failures: all.flatMap(({ failures }) => failures),
    };
  }

  /** No call gets an outcome any more. */
  rejectAll(why: RemoteMediaError): void {
    this.#waiting.length = 0;
    this.#byNumber.clear();
    for (const call of this.#calls.splice(0)) call.promise?.reject(why);
  }
}
