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
  /** Smoothed: from one answer to the next while it has calls, or what the call itself took where that is less. 0 before the first. */
  paceUs = 0;
  /** Smoothed; undefined before the first answer. */
  wireUs: number | undefined;
  waitedUs: number | undefined;
  readonly #queue = new RecentTimes();
  readonly #wire = new RecentTimes();
  readonly #waited = new RecentTimes();
  readonly #compute = new RecentTimes();
  #answeredUs = 0;

  queued(us: number): void {
    this.#queue.add(us);
  }

  answered(sentUs: number, nowUs: number, { serviceUs, waitedUs }: CallResult): void {
    const totalUs = nowUs - sentUs;
    // A peer's clock is its own: it can't have taken longer than we have waited.
    const service = Math.min(serviceUs, totalUs);
    const waited = Math.min(waitedUs, service);
    this.total.add(totalUs);
    this.#wire.add(totalUs - service);
    this.#waited.add(waited);
    this.#compute.add(service - waited);
    const pace = Math.min(service - waited, nowUs - Math.max(sentUs, this.#answeredUs));
    this.paceUs = this.#answeredUs === 0 ? pace : smooth(this.paceUs, pace);
    this.#answeredUs = nowUs;
    this.wireUs = smooth(this.wireUs, totalUs - service);
    this.waitedUs = smooth(this.waitedUs, waited);
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
