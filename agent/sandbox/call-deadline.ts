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
/** How much longer than all of its nodes' limits together one call of a stage may take at most: nodes may be called often. What
 * the child says of its progress is its own word, this is not. */
const callFactor = 100;

/** What the deadline sees of a session, and what it may do to it. */
export type WatchedSession = Pick<StageSession, "progress" | "currentNode" | "isLoaded" | "kill">;

/** What the deadline must know of its runner. */
export interface WatchedCalls {
  /** Whether the child owes an answer. */
  isBusy(): boolean;
  /** How many calls have been answered so far. */
  answered(): number;
}

/** Watches one session at a time. Time is counted in ticks, not read from a clock: when this process itself was held up,
 * the child is not to blame. */
export class CallDeadline {
  readonly #limitsMs: readonly number[];
  readonly #calls: WatchedCalls;
  readonly #longestMs: number;
  #session: WatchedSession | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #progress = 0;
  #quietMs = 0;
  #answered = 0;
  #unansweredMs = 0;
  /** Whether the last session was killed by this deadline. */
  expired = false;

  constructor(limitsMs: readonly number[], calls: WatchedCalls) {
    this.#limitsMs = limitsMs;
    this.#calls = calls;
    this.#longestMs = loadingMs + callFactor * limitsMs.reduce((sum, limit) => sum + limit, 0);
  }

  watch(session: WatchedSession): void {
    if (this.#session !== session) {
      this.#session = session;
      this.expired = false;
      this.#quietMs = 0;
      this.#unansweredMs = 0;
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
    if (session === undefined || !this.#calls.isBusy()) {
      this.stop();
      return;
    }
    const progress = session.progress;
    this.#quietMs = progress === this.#progress ? this.#quietMs + tickMs : 0;
    this.#progress = progress;
    const answered = this.#calls.answered();
    this.#unansweredMs = answered === this.#answered ? this.#unansweredMs + tickMs : 0;
    this.#answered = answered;
    const isQuiet = this.#quietMs > this.#allowedMs(session) + graceMs;
    if (!isQuiet && this.#unansweredMs <= this.#longestMs) return;
    this.expired = true;
    session.kill();
  }

  #allowedMs(session: WatchedSession): number {
    const limit = this.#limitsMs[session.currentNode];
    if (limit !== undefined) return session.isLoaded ? limit : Math.max(limit, hostWorkMs);
    return session.isLoaded ? hostWorkMs : loadingMs;
  }
}
