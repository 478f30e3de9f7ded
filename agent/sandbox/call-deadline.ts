// The parent's deadline: kills a child whose own timer did not, a little after a call's limit.
import type { StageSession } from "./stage-session.ts";

/** What the parent grants on top of a call's limit: the kernel's timer in the child comes first. */
const graceMs = 100;
/** How often it looks while calls are in flight. */
const tickMs = 50;
/** How long a child may do its own work (copying, linking) without entering or leaving a guest. */
const hostWorkMs = 2000;
/** The same while a stage is loaded: large modules are compiled then. */
const loadingMs = 60_000;

/** Watches one session at a time. Time is counted in ticks, not read from a clock: when this process itself was held up,
 * the child is not to blame. */
export class CallDeadline {
  readonly #limitsMs: readonly number[];
  readonly #busy: () => boolean;
  #session: StageSession | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #progress = 0;
  #quietMs = 0;
  /** Whether the last session was killed by this deadline. */
  expired = false;

  constructor(limitsMs: readonly number[], busy: () => boolean) {
    this.#limitsMs = limitsMs;
    this.#busy = busy;
  }

  watch(session: StageSession): void {
    if (this.#session !== session) {
      this.#session = session;
      this.expired = false;
      this.#quietMs = 0;
    }
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#session = undefined;
  }

  #tick(): void {
    const session = this.#session;
    if (session === undefined || !this.#busy()) {
      this.stop();
      return;
    }
    const progress = session.progress;
    this.#quietMs = progress === this.#progress ? this.#quietMs + tickMs : 0;
    this.#progress = progress;
    if (this.#quietMs <= this.#allowedMs(session) + graceMs) return;
    this.expired = true;
    session.kill();
  }

  #allowedMs(session: StageSession): number {
    const limit = this.#limitsMs[session.currentNode];
    if (limit !== undefined) return session.isLoaded ? limit : Math.max(limit, hostWorkMs);
    return session.isLoaded ? hostWorkMs : loadingMs;
  }
}
