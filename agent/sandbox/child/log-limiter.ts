// Keeps a noisy guest's log lines within bounds: a burst, then a rate, and a count of what was dropped.
import { type LogLevel, logLevels } from "../records.ts";

const burst = 100;
const perSecond = 20;

/** Text that may go on: valid UTF-8 or with replacement characters. */
const decoder = new TextDecoder();

/** A token bucket over this process's monotonic clock. A line that gets through tells how many before it did not. */
export class LogLimiter {
  readonly #send: (level: number, text: string, suppressed: number) => void;
  #tokens = burst;
  #last = performance.now();
  #suppressed = 0;

  constructor(send: (level: number, text: string, suppressed: number) => void) {
    this.#send = send;
  }

  write(level: LogLevel, message: Uint8Array): void {
    if (this.#tokens < 1) {
      const now = performance.now();
      this.#tokens = Math.min(burst, ((now - this.#last) / 1000) * perSecond);
      this.#last = now;
      if (this.#tokens < 1) {
        this.#suppressed += 1;
        // Tokens below one must keep adding up.
        this.#last -= (this.#tokens / perSecond) * 1000;
        this.#tokens = 0;
        return;
      }
    }
    this.#tokens -= 1;
    this.#send(logLevels.indexOf(level), decoder.decode(message), this.#suppressed);
    this.#suppressed = 0;
  }
}
