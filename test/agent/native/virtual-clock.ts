// A PipelineClock that a test turns by hand: sleeps end when its time comes, and nobody waits for real.
import type { PipelineClock } from "../../../agent/native/node-type.ts";

interface Sleeper {
  readonly atUs: number;
  readonly wake: () => void;
}

export class VirtualClock implements PipelineClock {
  /** Of the run's beginning on each of the other clocks. */
  monotonicStartUs = 5_000_000_000;
  wallStartUs = 1_700_000_000_000_000;
  #nowUs = 0;
  readonly #sleepers = new Set<Sleeper>();

  nowUs(): number {
    return this.#nowUs;
  }

  fromMonotonicUs(us: number): number {
    return us - this.monotonicStartUs;
  }

  fromWallUs(us: number): number {
    return us - this.wallStartUs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#sleepers.delete(sleeper);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const sleeper = { atUs: this.#nowUs + Math.ceil(ms * 1000), wake };
    this.#sleepers.add(sleeper);
    signal.addEventListener("abort", wake, { once: true });
    return promise;
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Turns the clock, and lets everybody act at each moment that somebody waits for. */
  async advance(ms: number): Promise<void> {
    const untilUs = this.#nowUs + ms * 1000;
    await settle();
    for (;;) {
      let next: Sleeper | undefined;
      for (const sleeper of this.#sleepers) {
        if (sleeper.atUs <= untilUs && (next === undefined || sleeper.atUs < next.atUs)) next = sleeper;
      }
      if (next === undefined) break;
      this.#nowUs = Math.max(this.#nowUs, next.atUs);
      next.wake();
      await settle();
    }
    this.#nowUs = untilUs;
    await settle();
  }
}

/** Resolves when every promise that could settle has. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
