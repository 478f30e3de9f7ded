// SessionOpener: opens sessions, and leaves behind an opening that never ends.
import type { LiveSession } from "./live-session.ts";

/** So many openings may hang beside the one that is waited for. */
const mostLeft = 3;

export class SessionOpener {
  readonly #open: (signal: AbortSignal) => Promise<LiveSession>;
  #left = 0;
  #onLeftEnd: () => void = () => {};

  constructor(open: (signal: AbortSignal) => Promise<LiveSession>) {
    this.#open = open;
  }

  /** Undefined as soon as the signal fires. What still opens after that is released; what then fails is nobody's business any more.
   * While too many hang it waits for one of them, so that retrying doesn't pile them up. For one call at a time. */
  async open(signal: AbortSignal): Promise<LiveSession | undefined> {
    const ended = Promise.withResolvers<undefined>();
    const end = () => ended.resolve(undefined);
    signal.addEventListener("abort", end, { once: true });
    try {
      if (this.#left >= mostLeft) {
        this.#onLeftEnd = end;
        await ended.promise;
        return signal.aborted ? undefined : await this.open(signal);
      }
      if (signal.aborted) return undefined;
      const opening = this.#open(signal);
      const session = await Promise.race([opening, ended.promise]);
      if (session === undefined) void this.#leave(opening);
      return session;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  async #leave(opening: Promise<LiveSession>): Promise<void> {
    this.#left++;
    try {
      const { frames } = await opening;
      await frames[Symbol.asyncIterator]().return?.();
    } catch {
      // It was given up before: its loss is told already, or nobody asks any more.
    }
    this.#left--;
    this.#onLeftEnd();
  }
}
