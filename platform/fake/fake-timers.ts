// FakeTimers: a clock and its timers that stand still until a test turns them, for simulations that take no time.
import type { Timers } from "../contract/timers.ts";

interface Waiting {
  readonly atMs: number;
  readonly turn: number;
  callback: (() => void) | undefined;
}

export class FakeTimers implements Timers {
  #nowMs = 0;
  #wallOffsetMs: number;
  #turns = 0;
  #cancelled = 0;
  readonly #heap: Waiting[] = [];

  /** @param wallMs what the wall clock shows at first, in ms since 1970; default 2026-01-01 */
  constructor(wallMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = wallMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  /** Sets the wall clock, as a person or NTP does; nothing that waits is moved by it. */
  setWallMs(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.#nowMs;
  }

  /** How many callbacks wait. */
  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** When the next callback is due, on the monotonic clock; undefined when none waits. */
  get nextMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.atMs;
  }

  after(ms: number, callback: () => void): () => void {
    this.#turns += 1;
    const waiting: Waiting = { atMs: this.#nowMs + Math.max(0, ms), turn: this.#turns, callback };
    push(this.#heap, waiting);
    return () => {
      if (waiting.callback === undefined) return;
      waiting.callback = undefined;
      this.#cancelled += 1;
    };
  }

  /** Turns the clock forward, calling back what is due in order of time and then of `after`. Before the first and after each callback everything
   * that promises have ready runs, also what they lead to. A callback's exception is thrown here. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await drainMicrotasks();
    for (;;) {
      const dueMs = this.nextMs;
      if (dueMs === undefined || dueMs > untilMs) break;
      const due = pop(this.#heap);
      const callback = due.callback;
      due.callback = undefined;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      callback?.();
      await drainMicrotasks();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Turns the clock until `done` says so. @returns whether it did within `limitMs` */
  async advanceUntil(done: () => boolean, limitMs = 60_000): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs;
    await drainMicrotasks();
    while (!done()) {
      const dueMs = this.nextMs;
      if (dueMs === undefined || dueMs > untilMs) return false;
      await this.advance(dueMs - this.#nowMs);
    }
    return true;
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === undefined) {
      pop(this.#heap);
      this.#cancelled -= 1;
    }
  }
}

/** The event loop comes round to its next turn only when no microtask is left, however deep the chain of promises. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn);
}

function push(heap: Waiting[], waiting: Waiting): void {
  let place = heap.push(waiting) - 1;
  while (place > 0) {
    const above = (place - 1) >> 1;
    const parent = heap[above] as Waiting;
    if (!isBefore(waiting, parent)) break;
    heap[place] = parent;
    place = above;
  }
  heap[place] = waiting;
}

function pop(heap: Waiting[]): Waiting {
  const first = heap[0] as Waiting;
  const last = heap.pop() as Waiting;
  if (heap.length === 0) return first;
  let place = 0;
  for (;;) {
    let below = 2 * place + 1;
    const right = heap[below + 1];
    if (right !== undefined && isBefore(right, heap[below] as Waiting)) below += 1;
    const child = heap[below];
    if (child === undefined || !isBefore(child, last)) break;
    heap[place] = child;
    place = below;
  }
  heap[place] = last;
  return first;
}
