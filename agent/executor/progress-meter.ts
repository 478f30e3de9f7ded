// ProgressMeter: counts a run's frames in and out, and tells a listener now and then.
import type { Clock } from "../../platform/contract/clock.ts";

export interface Progress {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly framesDropped: number;
  /** The latest pts that was read, in microseconds; undefined before the first frame. */
  readonly ptsUs: number | undefined;
  /** The longest source's duration in microseconds; undefined when a source doesn't know its own. */
  readonly durationUs: number | undefined;
}

/** Milliseconds between two tellings, at least. */
const intervalMs = 100;

export class ProgressMeter {
  #framesIn = 0;
  #framesOut = 0;
  #ptsUs: number | undefined;
  #toldMs: number;
  readonly #clock: Clock;
  readonly #complete: (counts: Pick<Progress, "framesIn" | "framesOut" | "ptsUs">) => Progress;
  readonly #listener: ((progress: Progress) => void) | undefined;

  constructor(
    clock: Clock,
    complete: (counts: Pick<Progress, "framesIn" | "framesOut" | "ptsUs">) => Progress,
    listener: ((progress: Progress) => void) | undefined,
  ) {
    this.#clock = clock;
    this.#complete = complete;
    this.#listener = listener;
    this.#toldMs = clock.monotonicMs();
  }

  get framesIn(): number {
    return this.#framesIn;
  }

  get framesOut(): number {
    return this.#framesOut;
  }

  countRead(pts: number): void {
    this.#framesIn++;
    if (this.#ptsUs === undefined || pts > this.#ptsUs) this.#ptsUs = pts;
    this.#tellIfDue();
  }

  countWritten(): void {
    this.#framesOut++;
    this.#tellIfDue();
  }

  /** Tells the listener how it stands now. */
  tell(): void {
    this.#listener?.(
      this.#complete({ framesIn: this.#framesIn, framesOut: this.#framesOut, ptsUs: this.#ptsUs }),
    );
  }

  #tellIfDue(): void {
    if (this.#listener === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldMs < intervalMs) return;
    this.#toldMs = nowMs;
    this.tell();
  }
}
