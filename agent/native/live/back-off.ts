// BackOff: how long to wait until something that failed is tried again. Pure: chance comes in.

const firstMs = 250;
const longestMs = 10_000;
/** Boards that lost one camera don't all come back to it at once. */
const jitter = 0.2;

export class BackOff {
  readonly #random: () => number;
  #nextMs = firstMs;

  /** `random` gives 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The next wait in milliseconds: 250, doubling to 10,000, each ±20 %. */
  next(): number {
    const ms = this.#nextMs * (1 - jitter + 2 * jitter * this.#random());
    this.#nextMs = Math.min(this.#nextMs * 2, longestMs);
    return Math.round(ms);
  }

  /** The next wait is at most so long, give or take its jitter. */
  shorten(ms: number): void {
    this.#nextMs = Math.min(this.#nextMs, ms);
  }

  /** It works again: the next wait is a first one. */
  reset(): void {
    this.#nextMs = firstMs;
  }
}
