// StallWatch: ends a session that has given nothing for too long.
import type { PipelineClock } from "../node-type.ts";

/** When a sleep took so much longer than asked for, it was us who stood still, not the device. */
const oversleptUs = 1_000_000;

export class StallWatch {
  readonly #clock: PipelineClock;
  readonly #stallMs: number;
  #limitMs: number;
  #heardAtUs: number;
  #isStalled = false;

  /** `openingMs` holds until the first frame, `stallMs` from then on. */
  constructor(clock: PipelineClock, { openingMs, stallMs }: { openingMs: number; stallMs: number }) {
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#limitMs = openingMs;
    this.#heardAtUs = clock.nowUs();
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** How long it may be silent. */
  get limitMs(): number {
    return this.#limitMs;
  }

  /** Something came. */
  hear(nowUs: number): void {
    this.#heardAtUs = nowUs;
    this.#limitMs = this.#stallMs;
  }

  /** Calls `onStall` once when it has been silent for too long; resolves then, or when the signal fires. */
  async run(signal: AbortSignal, onStall: () => void): Promise<void> {
    while (!signal.aborted) {
      const startedUs = this.#clock.nowUs();
      const leftMs = Math.ceil(this.#limitMs - (startedUs - this.#heardAtUs) / 1000);
      if (leftMs <= 0) {
        this.#isStalled = true;
        onStall();
        return;
      }
      // Never longer than a stall: the first frame makes the limit shorter than what was slept for.
      const sleepMs = Math.min(leftMs, this.#stallMs);
      await this.#clock.sleep(sleepMs, signal);
      const nowUs = this.#clock.nowUs();
      if (nowUs - startedUs > sleepMs * 1000 + oversleptUs)
        this.#heardAtUs = Math.max(this.#heardAtUs, nowUs);
    }
  }
}
