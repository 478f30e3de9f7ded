// What a command is: its name, operands and options as help shows and parsing checks them, and how it is loaded.
import type { Terminal } from "./terminal.ts";

export interface OptionSpec {
  /** The value's name in help; undefined for a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly many?: boolean;
  /** One letter, for `-o`. */
  readonly short?: string;
  readonly help: string;
}

export interface OperandSpec {
  readonly name: string;
  readonly required: boolean;
}

export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly operands: readonly OperandSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Paragraphs below the options. */
  readonly notes: readonly string[];
  /** Lines to try, without the prompt. */
  readonly examples: readonly string[];
  /** Imports what the command needs, which may be heavy. */
  load(): Promise<Execute>;
}

/** Runs a command and gives its exit code. What it throws is told by the caller. */
export type Execute = (call: Call) => Promise<number>;

/** A command line that fits its command. */
export interface Call {
  readonly operands: readonly string[];
  /** Every value of an option, in order. */
  texts(option: string): readonly string[];
  /** The value of an option that is given at most once. */
  text(option: string): string | undefined;
  flag(option: string): boolean;
  readonly terminal: Terminal;
}

/** Every command has these. */
export const sharedOptions: Readonly<Record<string, OptionSpec>> = {
  json: { help: "Machine-readable: JSON results on stdout, JSON lines on stderr, no colours." },
  quiet: { help: "Only results, warnings and errors." },
  debug: { help: "Show stack traces and causes of errors." },
  help: { help: "Show this." },
};
