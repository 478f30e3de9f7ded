// How a command about packages speaks on stderr while it works: to people, or as JSON lines.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { systemClock } from "../../platform/contract/clock.ts";
import type { TransferProgress } from "../package/transfer-report.ts";
import type { Call } from "./command.ts";
import { oneLine } from "./terminal.ts";
import { formatTransfer } from "./transfer-line.ts";

export interface PackageVoice {
  notice(text: string): void;
  warning(text: string): void;
  /** Undefined where nobody would see it. */
  readonly progress: ((progress: TransferProgress) => void) | undefined;
  /** Takes the progress line away. */
  settle(): void;
}

const redrawMs = 100;

export function openPackageVoice({ flag, terminal }: Call): PackageVoice {
  const [isJson, isQuiet] = [flag("json"), flag("quiet")];
  const tell = (kind: "notice" | "warning", text: string): void => {
    if (isJson) terminal.tell(JSON.stringify({ [kind]: text }));
    else if (kind === "notice") terminal.tell(oneLine(text));
    else terminal.tell(`${terminal.paint("stderr", "yellow", "warning:")} ${oneLine(text)}`);
  };
  const startMs = systemClock.monotonicMs();
  let drawnMs = Number.NEGATIVE_INFINITY;
  const draw = (progress: TransferProgress): void => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - drawnMs < redrawMs) return;
    drawnMs = nowMs;
    terminal.status(formatTransfer(progress, nowMs - startMs, terminal.columns));
  };
  return {
    notice: (text) => {
      if (!isQuiet) tell("notice", text);
    },
    warning: (text) => tell("warning", text),
    progress: isJson || isQuiet || !terminal.isTerminal("stderr") ? undefined : draw,
    settle: () => terminal.status(undefined),
  };
}

/** Waits for what may take minutes, or for the first Ctrl-C and its like. `kept` says what is left of it then.
 * @throws RemoteMediaError `interrupted` */
export async function unlessInterrupted<Result>(work: Promise<Result>, kept: string): Promise<Result> {
  const interrupted = Promise.withResolvers<never>();
  const onSignal = (): void => {
    interrupted.reject(new RemoteMediaError("interrupted", "interrupted", { hint: kept }));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await Promise.race([work, interrupted.promise]);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
    // Where the interrupt came first, nobody waits for it any more.
    work.catch(() => {});
  }
}
