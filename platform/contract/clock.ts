// Clock: where code that measures or limits time gets it from, so that a test can turn it by hand.

export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { monotonicMs: () => performance.now() };
