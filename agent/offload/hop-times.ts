// Where a call's time goes, hop by hop: waiting here, the way, waiting there, the work.
import type { CallResult } from "./lane.ts";
import { RecentTimes } from "./recent-times.ts";

/** Weight of the newest in what is smoothed. */
const newest = 0.2;

/** Medians, in µs; undefined before the first call. */
export interface Hops {
  /** From the call to its sending. */
  readonly queueUs: number | undefined;
  /** There and back. */
  readonly wireUs: number | undefined;
  readonly waitedUs: number | undefined;
  readonly computeUs: number | undefined;
}

export class HopTimes {
  /** From sending to the answer. */
  readonly total = new RecentTimes();
  /** Smoothed; undefined before the first answer. */
  computeUs: number | undefined;
  wireUs: number | undefined;
  waitedUs: number | undefined;
  readonly #queue = new RecentTimes();
  readonly #wire = new RecentTimes();
  readonly #waited = new RecentTimes();
  readonly #compute = new RecentTimes();

  queued(us: number): void {
    this.#queue.add(us);
  }

  answered(totalUs: number, { serviceUs, waitedUs }: CallResult): void {
    // A peer's clock is its own: it can't have taken longer than we have waited.
    const service = Math.min(serviceUs, totalUs);
    const waited = Math.min(waitedUs, service);
    this.total.add(totalUs);
    this.#wire.add(totalUs - service);
    this.#waited.add(waited);
    this.#compute.add(service - waited);
    this.wireUs = smooth(this.wireUs, totalUs - service);
    this.waitedUs = smooth(this.waitedUs, waited);
    this.computeUs = smooth(this.computeUs, service - waited);
  }

  medians(): Hops {
    return {
      queueUs: this.#queue.quantile(0.5),
      wireUs: this.#wire.quantile(0.5),
      waitedUs: this.#waited.quantile(0.5),
      computeUs: this.#compute.quantile(0.5),
    };
  }
}

function smooth(before: number | undefined, now: number): number {
  return before === undefined ? now : before + (now - before) * newest;
}
