// A breaker: a place that failed again and again isn't asked for a while, then once, by way of trial.
import type { Clock } from "../../platform/contract/clock.ts";

export interface BreakerOptions {
  readonly clock: Clock;
  /** Gives 0 to 1; spreads the trials of many callers. */
  readonly random: () => number;
  /** Failures in a row that open it; default 5. */
  readonly failures?: number;
  /** The first pause, in ms, and the longest; it doubles at each trial that fails. Default 1000 and 60,000. */
  readonly pauseMs?: number;
  readonly longestPauseMs?: number;
}

export type BreakerState = "closed" | "open" | "half-open";

/** Pauses before it is open: a place that failed once is tried again soon. */
const firstRetryMs = 100;

export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #limit: number;
  readonly #pauseMs: number;
  readonly #longestPauseMs: number;
  #inRow = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #isTrying = false;

  constructor({ clock, random, failures = 5, pauseMs = 1000, longestPauseMs = 60_000 }: BreakerOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#limit = failures;
    this.#pauseMs = pauseMs;
    this.#longestPauseMs = longestPauseMs;
  }

  get state(): BreakerState {
    if (this.#inRow < this.#limit) return "closed";
    return this.#clock.monotonicMs() < this.#untilMs ? "open" : "half-open";
  }

  /** When the place may be asked again, on the monotonic clock; in the past when it may be now. */
  get retryAtMs(): number {
    return this.#untilMs;
  }

  /** Whether the place may be asked now; half open, one at a time may. */
  get mayTry(): boolean {
    if (this.#clock.monotonicMs() < this.#untilMs) return false;
    return this.#inRow < this.#limit || !this.#isTrying;
  }

  /** It is being asked; `succeed`, `fail` or `leave` follows. */
  begin(): void {
    this.#isTrying = true;
  }

  /** The trial was given up without an answer. */
  leave(): void {
    this.#isTrying = false;
  }

  succeed(): void {
    this.#isTrying = false;
    this.#inRow = 0;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }

  fail(): void {
    this.#isTrying = false;
    this.#inRow += 1;
    const beyond = this.#inRow - this.#limit;
    const pauseMs =
      beyond < 0 ? firstRetryMs * 2 ** (this.#inRow - 1) : this.#pauseMs * 2 ** Math.min(beyond, 30);
    this.#pause(Math.min(pauseMs, this.#longestPauseMs));
  }

  /** Opens it at once: what the place did is no accident. */
  trip(): void {
    this.#inRow = Math.max(this.#inRow, this.#limit - 1);
    this.fail();
  }

  #pause(ms: number): void {
    // Half of it at least, so that "growing" stays true.
    this.#untilMs = this.#clock.monotonicMs() + ms * (0.5 + this.#random() / 2);
  }
}
