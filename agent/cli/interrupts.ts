// Ctrl-C and its like: the first drains, the second stops, the third ends the process.
import { readFileSync } from "node:fs";

export interface Interrupts extends Disposable {
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

/** Listens until it is disposed. `tell` is called with what an interrupt has led to. */
export function listenForInterrupts(tell: (text: string) => void): Interrupts {
  const drain = new AbortController();
  const stop = new AbortController();
  const onInterrupt = (): void => {
    if (stop.signal.aborted) process.exit(1);
    if (drain.signal.aborted) {
      tell("stopping");
      stop.abort();
    } else {
      tell("draining: what was read is finished; interrupt again to stop at once");
      drain.abort();
    }
  };
  // The terminal has gone: nobody sees a drain, and nobody can stop it.
  const onHangUp = (): void => {
    drain.abort();
    stop.abort();
  };
  const listeners: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ["SIGINT", onInterrupt],
    ["SIGTERM", onInterrupt],
    ...(ignoresHangUp() ? [] : ([["SIGHUP", onHangUp]] as const)),
  ];
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return {
    drain: drain.signal,
    stop: stop.signal,
    [Symbol.dispose]: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

/** Whether the process was started by `nohup`, whose wish a listener would overrule. */
function ignoresHangUp(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return (BigInt(`0x${mask ?? "0"}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
