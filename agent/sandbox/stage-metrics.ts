// A node's metrics in shared memory: the child counts, the parent reads at any time, a kill loses nothing.
import type { CallTimes, NodeMetrics } from "../node/runner.ts";

/* float64 counters at these offsets; integers are exact to 2^53. */
const framesIn = 0;
const framesOut = 8;
const restarts = 16;
const totalUs = 24;
const maxUs = 32;
const memoryPeak = 40;
const consecutive = 48;
const fuel = 56;
const histogram = 64;

/** Logarithmic histogram: 16 buckets an octave from 0.25 µs, so that a quantile is within 4.5 %; 400 buckets reach 8.4 s. */
const bucketsPerOctave = 16;
const buckets = 400;
const smallestUs = 0.25;

/** The child's end. */
export class MetricsWriter {
  readonly #view: DataView;

  constructor(view: DataView) {
    this.#view = view;
  }

  #add(offset: number, amount: number): void {
    this.#view.setFloat64(offset, this.#view.getFloat64(offset, true) + amount, true);
  }

  call(us: number, fuelBurnt: bigint, memoryBytes: number): void {
    const view = this.#view;
    this.#add(totalUs, us);
    if (us > view.getFloat64(maxUs, true)) view.setFloat64(maxUs, us, true);
    if (memoryBytes > view.getFloat64(memoryPeak, true)) view.setFloat64(memoryPeak, memoryBytes, true);
    view.setBigInt64(fuel, view.getBigInt64(fuel, true) + fuelBurnt, true);
    const bucket = Math.floor(Math.log2(us / smallestUs) * bucketsPerOctave);
    const offset = histogram + Math.min(buckets - 1, Math.max(0, bucket)) * 4;
    view.setUint32(offset, view.getUint32(offset, true) + 1, true);
  }

  frameIn(): void {
    this.#add(framesIn, 1);
  }

  framesOut(count: number): void {
    this.#add(framesOut, count);
  }

  restart(): void {
    this.#add(restarts, 1);
  }

  get consecutive(): number {
    return this.#view.getFloat64(consecutive, true);
  }

  set consecutive(count: number) {
    this.#view.setFloat64(consecutive, count, true);
  }
}

/** The parent's end: sums what the children of one stage, one after the other, have counted for a node. */
export class MetricsTotal {
  #framesIn = 0;
  #framesOut = 0;
  #restarts = 0;
  #totalUs = 0;
  #maxUs = 0;
  #memoryPeak = 0;
  #fuel = 0n;
  readonly #histogram = new Float64Array(buckets);

  /** Adds a block for good: its child is gone. */
  add(view: DataView): void {
    this.#framesIn += readCount(view, framesIn);
    this.#framesOut += readCount(view, framesOut);
    this.#restarts += readCount(view, restarts);
    this.#totalUs += readCount(view, totalUs);
    this.#maxUs = Math.max(this.#maxUs, readCount(view, maxUs));
    this.#memoryPeak = Math.max(this.#memoryPeak, readCount(view, memoryPeak));
    const burnt = view.getBigInt64(fuel, true);
    if (burnt > 0n) this.#fuel += burnt;
    for (let index = 0; index < buckets; index++) {
      this.#histogram[index]! += view.getUint32(histogram + index * 4, true);
    }
  }

  /** A restart that the child could not count: it was killed. */
  addRestart(): void {
    this.#restarts += 1;
  }

  /** The total, with the block of a child that still runs. */
  read(running: DataView | undefined): NodeMetrics {
    const sum = new MetricsTotal();
    sum.#merge(this);
    if (running !== undefined) sum.add(running);
    return {
      framesIn: sum.#framesIn,
      framesOut: sum.#framesOut,
      restarts: sum.#restarts,
      time: sum.#times(),
      fuel: sum.#fuel,
      memoryPeakBytes: sum.#memoryPeak,
      placedOn: "local",
    };
  }

  #merge(other: MetricsTotal): void {
    this.#framesIn = other.#framesIn;
    this.#framesOut = other.#framesOut;
    this.#restarts = other.#restarts;
    this.#totalUs = other.#totalUs;
    this.#maxUs = other.#maxUs;
    this.#memoryPeak = other.#memoryPeak;
    this.#fuel = other.#fuel;
    this.#histogram.set(other.#histogram);
  }

  #times(): CallTimes {
    const calls = this.#histogram.reduce((sum, count) => sum + count, 0);
    const quantile = (share: number): number => {
      let left = Math.ceil(calls * share);
      for (let index = 0; index < buckets; index++) {
        left -= this.#histogram[index]!;
        if (left <= 0)
          return Math.min(this.#maxUs, smallestUs * 2 ** ((index + 1) / bucketsPerOctave)) / 1000;
      }
      return 0;
    };
    return calls === 0
      ? { p50: 0, p95: 0, p99: 0, max: 0, total: 0 }
      : {
          p50: quantile(0.5),
          p95: quantile(0.95),
          p99: quantile(0.99),
          max: this.#maxUs / 1000,
          total: this.#totalUs / 1000,
        };
  }
}

/** What a node's last child has counted, handed to its next. */
export function setConsecutiveFailures(view: DataView, count: number): void {
  view.setFloat64(consecutive, count, true);
}

/** The consecutive failures that a block has counted. */
export function consecutiveFailures(view: DataView): number {
  return readCount(view, consecutive);
}

/** A counter that a child has written: what can't be one is 0. */
function readCount(view: DataView, offset: number): number {
  const count = view.getFloat64(offset, true);
  return count >= 0 && count <= Number.MAX_SAFE_INTEGER ? count : 0;
}
