// A Terminal that keeps what it is given.
import { Terminal } from "../../../agent/cli/terminal.ts";

export interface FakeTerminal {
  readonly terminal: Terminal;
  readonly written: { stdout: string; stderr: string };
}

/** `isTerminal` says of both streams whether a person sees them. */
export function fakeTerminal(isTerminal = false, color = false): FakeTerminal {
  const written = { stdout: "", stderr: "" };
  const terminal = new Terminal({
    isTerminal: { stdout: isTerminal, stderr: isTerminal },
    color,
    columns: () => 80,
    write: (stream, text) => {
      written[stream] += text;
    },
  });
  return { terminal, written };
}
