// FakeHost: a process as its peers see it, which runs, stands still (SIGSTOP) or is gone (SIGKILL).
import type { Timers } from "../contract/timers.ts";

export class FakeHost {
  readonly name: string;
  /** The host's own timers: late by as long as it stood still, and silent once it is gone. */
  readonly timers: Timers;
  #state: "running" | "stalled" | "gone" = "running";
  readonly #waiting: (() => void)[] = [];

  constructor(name: string, timers: Timers) {
    this.name = name;
    this.timers = {
      monotonicMs: () => timers.monotonicMs(),
      wallMs: () => timers.wallMs(),
      after: (ms, callback) => {
        let isWanted = true;
        const takeBack = timers.after(ms, () => {
          this.run(() => {
            if (isWanted) callback();
          });
        });
        return () => {
          isWanted = false;
          takeBack();
        };
      },
    };
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get isGone(): boolean {
    return this.#state === "gone";
  }

  /** Runs now, when the host runs again, or never. */
  run(callback: () => void): void {
    if (this.#state === "running") callback();
    else if (this.#state === "stalled") this.#waiting.push(callback);
  }

  stall(): void {
    if (this.#state === "running") this.#state = "stalled";
  }

  /** What waited runs at once, in order. */
  resume(): void {
    if (this.#state !== "stalled") return;
    this.#state = "running";
    while (this.#state === "running") {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next();
    }
  }

  kill(): void {
    this.#state = "gone";
    this.#waiting.length = 0;
  }
}
