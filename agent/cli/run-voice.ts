// How a run speaks on stderr while it goes on: to people, or as JSON lines to programs.
import type { Progress } from "../executor/progress-meter.ts";
import type { RunReport } from "../executor/report.ts";
import { describeOffloadEvent } from "../main/describe-offload-event.ts";
import type { NativeEvent } from "../native/node-type.ts";
import type { OffloadEvent } from "../offload/candidate.ts";
import type { TransferProgress } from "../package/transfer-report.ts";
import type { GuestLog } from "../sandbox/stage-runner.ts";
import { formatProgress } from "./progress-line.ts";
import { count } from "./quantity.ts";
import { formatSummary } from "./run-summary.ts";
import { oneLine, type Style, type Terminal } from "./terminal.ts";
import { formatTransfer } from "./transfer-line.ts";

export interface RunVoice {
  /** A line of a guest's. */
  log(line: GuestLog): void;
  /** Something that a person may want to know. */
  notice(text: string): void;
  /** A device or a stream was lost, or found again: told also when quiet. */
  event(event: NativeEvent): void;
  /** A stage's place was opened, lost, …. */
  offload(stage: string, event: OffloadEvent): void;
  warning(text: string): void;
  /** Undefined where nobody would see it. */
  readonly progress: ((progress: Progress) => void) | undefined;
  /** A package is being fetched. Undefined where nobody would see it. */
  readonly transfer: ((progress: TransferProgress) => void) | undefined;
  /** The run has ended. */
  finish(report: RunReport): void;
}

export interface VoiceOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether results go to stdout: on a terminal they would be torn by a progress line. */
  readonly printsResults: boolean;
  readonly monotonicMs: () => number;
}

export function openRunVoice(terminal: Terminal, options: VoiceOptions): RunVoice {
  return options.json ? jsonVoice(terminal, options.quiet) : humanVoice(terminal, options);
}

const quietLevels: readonly string[] = ["warn", "error"];
const levelStyles: Readonly<Record<GuestLog["level"], Style>> = {
  debug: "dim",
  info: "cyan",
  warn: "yellow",
  error: "red",
};

function humanVoice(terminal: Terminal, options: VoiceOptions): RunVoice {
  const { quiet, monotonicMs } = options;
  const startMs = monotonicMs();
  const shows = !quiet && terminal.isTerminal("stderr");
  const isTorn = options.printsResults && terminal.isTerminal("stdout");
  const tellUnlessQuiet = (text: string) => {
    if (!quiet) terminal.tell(text);
  };
  return {
    log({ node, level, text, suppressed }) {
      if (quiet && !quietLevels.includes(level)) return;
      const head = terminal.paint("stderr", levelStyles[level], `[${node}] ${level}:`);
      const dropped = suppressed === 0 ? "" : ` (${count(suppressed, "line")} before it dropped)`;
      // A guest's second line must not look like somebody else's first.
      const body = text.trimEnd().split("\n").map(oneLine).join("\n    ");
      terminal.tell(`${head} ${body}${dropped}`);
    },
    notice: tellUnlessQuiet,
    event({ node, kind, code, text }) {
      const head = terminal.paint("stderr", kind === "lost" ? "yellow" : "green", `[${node}] ${kind}:`);
      terminal.tell(`${head} ${oneLine(text)}${code === undefined ? "" : ` [${code}]`}`);
    },
    offload(stage, event) {
      const { level, message } = describeOffloadEvent(event);
      if (quiet && level !== "warning") return;
      const head = terminal.paint("stderr", level === "warning" ? "yellow" : "green", `[${stage}]`);
      terminal.tell(`${head} ${oneLine(message)}`);
    },
    warning: (text) => terminal.tell(`${terminal.paint("stderr", "yellow", "warning:")} ${oneLine(text)}`),
    progress:
      shows && !isTorn
        ? (progress) => terminal.status(formatProgress(progress, monotonicMs() - startMs, terminal.columns))
        : undefined,
    transfer: shows
      ? (progress) => terminal.status(formatTransfer(progress, monotonicMs() - startMs, terminal.columns))
      : undefined,
    finish(report) {
      terminal.status(undefined);
      tellUnlessQuiet(formatSummary(report).join("\n"));
    },
  };
}

function jsonVoice(terminal: Terminal, quiet: boolean): RunVoice {
  const tell = (object: object) => terminal.tell(JSON.stringify(object));
  return {
    log(line) {
      if (!quiet || quietLevels.includes(line.level)) tell({ log: line });
    },
    notice(text) {
      if (!quiet) tell({ notice: text });
    },
    event: (event) => tell({ event }),
    offload: (stage, event) => tell({ offload: { stage, ...event } }),
    warning: (text) => tell({ warning: text }),
    progress: undefined,
    transfer: undefined,
    finish: (report) => tell({ report }),
  };
}
