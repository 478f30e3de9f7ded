// How long calls have taken here lately: what a wait is estimated by, and what `top` shows.
const kept = 64;
const rateWindowMs = 2000;

export class ServedTimes {
  readonly #times: number[] = [];
  readonly #ends: number[] = [];
  #next = 0;

  /** `atMs`: when it ended. */
  add(ms: number, atMs: number): void {
    this.#times[this.#next] = ms;
    this.#ends[this.#next] = atMs;
    this.#next = (this.#next + 1) % kept;
  }

  /** How long `calls` that are before it keep a new one waiting, in ms; 0 where nothing was measured. */
  waitMs(calls: number): number {
    return this.quantile(0.5) * Math.max(0, calls - 1);
  }

  /** In ms; 0 where nothing was measured. */
  quantile(share: number): number {
    const sorted = this.#times.toSorted((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }

  /** Calls a second that ended lately. */
  rate(nowMs: number): number {
    return (this.#ends.filter((atMs) => nowMs - atMs <= rateWindowMs).length * 1000) / rateWindowMs;
  }
}
