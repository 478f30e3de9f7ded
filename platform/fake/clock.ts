// FakeClock: a clock that stands still until a test turns it.
import type { Clock } from "../contract/clock.ts";

export class FakeClock implements Clock {
  #nowMs = 0;

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Turns the clock forward. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
