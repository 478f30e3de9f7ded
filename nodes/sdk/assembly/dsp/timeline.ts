// The clock of an audio stream: presentation times by counting samples, and whether a frame follows on.

/** A frame whose pts is further than this from what the samples before it say starts a new timeline. */
const toleranceUs: i64 = 40000;

/** Counts samples from a base time, so that rounding never adds up. */
export class Timeline {
  rate: i32 = 0;
  private base: i64 = 0;
  /** Samples counted since the base. */
  count: i64 = 0;

  get started(): bool {
    return this.rate != 0;
  }

  start(pts: i64, rate: i32): void {
    this.base = pts;
    this.rate = rate;
    this.count = 0;
  }

  /** Whether a frame at `pts` continues the stream; capture clocks jitter by some milliseconds. */
  continues(pts: i64): bool {
    const apart = pts - this.at(this.count);
    return apart <= toleranceUs && apart >= -toleranceUs;
  }

  /** The time of a sample, in microseconds, rounded to nearest. */
  at(sample: i64): i64 {
    const scaled = sample * 1000000;
    const half = <i64>this.rate >> 1;
    return this.base + (scaled + half) / <i64>this.rate;
  }
}
