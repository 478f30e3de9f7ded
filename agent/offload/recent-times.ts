// The last few hundred of a kind of time, for quantiles that follow what is.

const kept = 256;

export class RecentTimes {
  readonly #times: number[] = [];
  #next = 0;

  add(time: number): void {
    this.#times[this.#next] = time;
    this.#next = (this.#next + 1) % kept;
  }

  /** Undefined while there is none. `share` is 0 to 1. */
  quantile(share: number): number | undefined {
    if (this.#times.length === 0) return undefined;
    const sorted = this.#times.toSorted((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  }
}
