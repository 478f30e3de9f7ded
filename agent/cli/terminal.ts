// Where text goes: results to stdout, everything else to stderr, with a status line that stays at the bottom.
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { RemoteMediaError } from "../../platform/base/error.ts";

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;
export type Style = keyof typeof codes;
export type Stream = "stdout" | "stderr";

export interface TerminalParts {
  /** Whether each stream is a terminal. */
  readonly isTerminal: Readonly<Record<Stream, boolean>>;
  /** Whether terminals are given colours. */
  readonly color: boolean;
  /** Of stderr; read at each status line. */
  columns(): number;
  /** Of stdout; default 24. */
  rows?(): number;
  /** Writes all of it, or gives up silently when nobody reads any more. @throws RemoteMediaError `output-failed`, of stdout */
  write(stream: Stream, text: string): void;
}

/** Writes are synchronous: what was told is out before the process ends, in the order it was told. */
export class Terminal {
  readonly #parts: TerminalParts;
  #hasStatus = false;
  #drawn = 0;

  constructor(parts: TerminalParts) {
    this.#parts = parts;
  }

  isTerminal(stream: Stream): boolean {
    return this.#parts.isTerminal[stream];
  }

  get columns(): number {
    return this.#parts.columns();
  }

  /** A result: a line, or several, on stdout. */
  print(text: string): void {
    this.status(undefined);
    this.#parts.write("stdout", `${text}\n`);
  }

  /** Anything else: a line, or several, on stderr. */
  tell(text: string): void {
    this.status(undefined);
    this.#parts.write("stderr", `${text}\n`);
  }

  /** A question on stderr: the answer stands behind it. */
  ask(text: string): void {
    this.status(undefined);
    this.#parts.write("stderr", text);
  }

  /** Shows a line at the bottom in place of the last one, or takes it away. Only where stderr is a terminal. */
  status(line: string | undefined): void {
    if (!this.isTerminal("stderr") || (line === undefined && !this.#hasStatus)) return;
    this.#hasStatus = line !== undefined;
    this.#parts.write("stderr", `\r\u001b[2K${line ?? ""}`);
  }

  /** Shows lines on stdout in place of those that it showed last; only where stdout is a terminal. What is wider or longer than it is cut. */
  redraw(lines: readonly string[]): void {
    const most = Math.max((this.#parts.rows?.() ?? 24) - 1, 1);
    const shown = lines.slice(0, most).map((line) => line.slice(0, this.columns - 1));
    const up = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A`;
    this.#drawn = shown.length;
    this.#parts.write("stdout", `${up}\r\u001b[J${shown.map((line) => `${line}\n`).join("")}`);
  }

  paint(stream: Stream, style: Style, text: string): string {
    if (!this.#parts.color || !this.isTerminal(stream)) return text;
    return `\u001b[${codes[style]}m${text}\u001b[0m`;
  }
}

const descriptors = { stdout: 1, stderr: 2 } as const;
const retryMs = 2;

/** The process's own. */
export function openTerminal(color: boolean): Terminal {
  return new Terminal({
    isTerminal: { stdout: isatty(1), stderr: isatty(2) },
    color,
    columns: () => process.stderr.columns || 80,
    rows: () => process.stdout.rows || 24,
    write: (stream, text) => writeAll(descriptors[stream], text),
  });
}

function writeAll(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Another process may have made a pipe that we share non-blocking.
      if (code === "EAGAIN") Bun.sleepSync(retryMs);
      // The reader has seen enough, or nobody is there to be told.
      else if (code === "EPIPE" || descriptor === descriptors.stderr) return;
      else
        throw new RemoteMediaError("output-failed", `stdout can't be written: ${message}`, { cause: error });
    }
  }
}

/** One line of text that came from outside: without line breaks, control characters and marks that reorder a line. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\n\t]+/g, " ").replaceAll(/\p{Cc}|[\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "");
}
