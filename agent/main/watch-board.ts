// watchBoard: a machine's statement, and again each time that it has changed in a way worth telling.
import { systemClock } from "../../platform/contract/clock.ts";
import type { DeviceWatcher } from "../../platform/contract/machine.ts";
import { watchDevices } from "../../platform/linux/watch-devices.ts";
import { isReaderGone } from "../../platform/process/reader-gone.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { changedParts, paceStatement } from "../capability/statement-change.ts";
import type { Config } from "../config/config.ts";
import { type Board, type BoardLook, openBoard } from "./probe-board.ts";

/** How often load, memory and temperature are looked at, which nothing tells of. */
const slowLookMs = 30_000;

/** Nothing else would tell before the next change. */
const readerCheckMs = 1000;
const stdout = 1;

export interface WatchedLook extends BoardLook {
  /** The parts that have changed since the one before; empty for the first. */
  readonly changed: readonly string[];
}

/** Of this machine, until the signal fires or nobody reads stdout any more. */
export async function* watchMachine(config: Config, signal: AbortSignal): AsyncGenerator<WatchedLook, void> {
  using board = await openBoard(config);
  using watcher = watchDevices();
  const unread = new AbortController();
  const timer = setInterval(() => {
    if (isReaderGone(stdout)) unread.abort();
  }, readerCheckMs);
  try {
    yield* watchBoard(board, watcher, AbortSignal.any([signal, unread.signal]));
  } finally {
    clearInterval(timer);
  }
}

/** Looks at once, after each change of a device, and every 30 s; gives what is worth telling, at most once a second, until the
 * signal fires. */
export async function* watchBoard(
  board: Pick<Board, "look" | "forget">,
  watcher: DeviceWatcher,
  signal: AbortSignal,
): AsyncGenerator<WatchedLook, void> {
  const wakes = openWakes(signal);
  watcher.onChange(() => {
    board.forget();
    wakes.wake();
  });
  let told: { readonly statement: CapabilityStatement; readonly atMs: number } | undefined;
  while (!signal.aborted) {
    const look = await board.look();
    if (signal.aborted) return;
    const nowMs = systemClock.monotonicMs();
    const pace = paceStatement(told, look.statement, nowMs);
    if (pace.tell === "now") {
      const changed = told === undefined ? [] : changedParts(told.statement, look.statement);
      told = { statement: look.statement, atMs: nowMs };
      yield { ...look, changed };
    }
    await wakes.wait(pace.tell === "later" ? pace.afterMs : slowLookMs);
  }
}

/** A change that comes while nobody waits isn't lost: the next wait is over at once. */
function openWakes(signal: AbortSignal) {
  let next = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => next.resolve(), { once: true });
  return {
    wake: () => next.resolve(),
    async wait(ms: number): Promise<void> {
      const timer = setTimeout(() => next.resolve(), ms);
      await next.promise;
      clearTimeout(timer);
      next = Promise.withResolvers();
      if (signal.aborted) next.resolve();
    },
  };
}
