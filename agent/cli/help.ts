// The text of --help.
import { type Command, type OptionSpec, sharedOptions } from "./command.ts";
import { commands } from "./command-table.ts";

const width = 96;

/** What `remotemedia --help` shows. */
export function overviewHelp(): string {
  const longest = Math.max(...commands.map(({ name }) => name.length));
  return [
    "remotemedia: media pipelines of sandboxed WASM nodes",
    "",
    "Usage: remotemedia COMMAND [OPTIONS]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(longest)}  ${summary}`),
    "",
    "Options:",
    ...optionLines({ ...sharedOptions, version: { help: "Show the version." } }),
    "",
    "Example:",
    "  remotemedia run examples/calculator --input examples/calculator/input.json",
    "",
    "remotemedia help COMMAND says more about one.",
  ].join("\n");
}

/** What `remotemedia COMMAND --help` shows. */
export function commandHelp(command: Command): string {
  const operands = command.operands.map(({ name, required }) => ` ${required ? name : `[${name}]`}`);
  return [
    command.summary,
    "",
    `Usage: remotemedia ${command.name}${operands.join("")} [OPTIONS]`,
    "",
    "Options:",
    ...optionLines({ ...command.options, ...sharedOptions }),
    ...command.notes.flatMap((note) => ["", ...wrap(note, width)]),
    "",
    command.examples.length === 1 ? "Example:" : "Examples:",
    ...command.examples.map((line) => `  ${line}`),
  ].join("\n");
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  const entries = Object.entries(options).map(([name, { value, many, short, help }]) => ({
    title: `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}${many === true ? " …" : ""}`,
    help,
  }));
  const longest = Math.max(...entries.map(({ title }) => title.length));
  return entries.flatMap(({ title, help }) =>
    wrap(help, width - longest - 4).map(
      (line, at) => `  ${(at === 0 ? title : "").padEnd(longest)}  ${line}`,
    ),
  );
}

/** Lines of at most `columns` characters, broken between words. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
