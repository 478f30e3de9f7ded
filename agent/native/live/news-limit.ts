// NewsLimit: how soon news of a device may end a wait, so that a neighbour that comes and goes can't hurry it on for ever. Pure.

/** For so long after news that counted in full no other does. */
const quietUs = 10_000_000;
/** Not even news has it tried again sooner: what came may take a moment until it can be opened. */
const leastWaitMs = 100;
/** Nor further news in the quiet time sooner than this: also the longest that a device that is there has to wait. */
export const leastFurtherWaitMs = 1000;

export interface NewsWeight {
  /** So long after the last try the wait may end. */
  readonly leastWaitMs: number;
  /** Whether the next wait is a first one again. */
  readonly isReset: boolean;
}

export class NewsLimit {
  #quietUntilUs = Number.NEGATIVE_INFINITY;

  /** News came. Nobody can tell whether it is of the device that is waited for. */
  hear(nowUs: number): NewsWeight {
    if (nowUs < this.#quietUntilUs) return { leastWaitMs: leastFurtherWaitMs, isReset: false };
    this.#quietUntilUs = nowUs + quietUs;
    return { leastWaitMs, isReset: true };
  }
}
