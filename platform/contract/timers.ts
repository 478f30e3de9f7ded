// Timers: the clock of code that waits, so that a test or a simulation can turn it by hand.
import { type Clock, systemClock } from "./clock.ts";

export interface Timers extends Clock {
  /** Milliseconds since 1970, as the wall clock stands; it may jump. */
  wallMs(): number;
  /** Calls back once, after at least `ms`; the function given takes that back. Never called from inside `after`. */
  after(ms: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  monotonicMs: () => systemClock.monotonicMs(),
  wallMs: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
