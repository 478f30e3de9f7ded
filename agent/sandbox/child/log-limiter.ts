// Keeps a noisy guest's log lines within bounds: a burst, then a rate, and a count of what was dropped.
import { type LogLevel, logLevels } from "../records.ts";
import { TokenBucket } from "../token-bucket.ts";

/** Lines of one node: at once, and a second. */
export const logBurst = 100;
export const logsPerSecond = 20;

/** Text that may go on: valid UTF-8 or with replacement characters. */
const decoder = new TextDecoder();

/** A line that gets through tells how many before it did not. */
export class LogLimiter {
  readonly #send: (level: number, text: string, suppressed: number) => void;
  readonly #bucket: TokenBucket;
  #suppressed = 0;

  /** `nowMs` is a monotonic clock; default this process's. */
  constructor(send: (level: number, text: string, suppressed: number) => void, nowMs?: () => number) {
    this.#send = send;
    this.#bucket = new TokenBucket(logBurst, logsPerSecond, nowMs);
  }

  write(level: LogLevel, message: Uint8Array): void {
    if (!this.#bucket.take()) {
      this.#suppressed += 1;
      return;
    }
    this.#send(logLevels.indexOf(level), decoder.decode(message), this.#suppressed);
    this.#suppressed = 0;
  }
}
