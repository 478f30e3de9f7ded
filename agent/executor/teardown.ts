// Teardown: closes sinks and runners, every step whatever the others did, and gathers what went wrong.
import { type RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { FrameSink, NodeRunner } from "../node/runner.ts";

export class Teardown {
  readonly errors: RemoteMediaError[] = [];
  readonly #stopped: Promise<"stopped">;
  #isStopped = false;

  /** `stopped` resolves when nothing may be waited for any more. */
  constructor(stopped: Promise<"stopped">) {
    this.#stopped = stopped;
  }

  /** Whether a stop cut a step short. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Finishes each sink; one that can't be finished is aborted, and so are those that a stop leaves. */
  async closeSinks(sinks: readonly FrameSink[]): Promise<void> {
    for (const [at, sink] of sinks.entries()) {
      const isClosed = await this.unlessStopped(() => sink.close());
      if (this.#isStopped) return this.abortSinks(sinks.slice(at));
      if (!isClosed) await this.#step(() => sink.abort());
    }
  }

  async abortSinks(sinks: readonly FrameSink[]): Promise<void> {
    for (const sink of sinks.toReversed()) await this.#step(() => sink.abort());
  }

  async closeRunners(runners: readonly NodeRunner[]): Promise<void> {
    for (const runner of runners.toReversed()) await this.#step(() => runner.close());
  }

  /** Waits for the work, or for the stop; false when the work failed or was not waited for. */
  async unlessStopped(work: () => Promise<unknown>): Promise<boolean> {
    const settled = (async () => work())().then(
      () => true,
      (thrown: unknown) => {
        this.errors.push(toRemoteMediaError(thrown));
        return false;
      },
    );
    const winner = await Promise.race([settled, this.#stopped]);
    if (winner === "stopped") this.#isStopped = true;
    return winner === true;
  }

  async #step(close: () => Promise<void>): Promise<void> {
    try {
      await close();
    } catch (thrown) {
      this.errors.push(toRemoteMediaError(thrown));
    }
  }
}
