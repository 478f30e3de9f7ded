// Words → a command → an exit code. Whatever goes wrong is told here, and only here.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { exitCodes } from "../../platform/base/error-codes.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { wantsColor } from "../main/environment.ts";
import type { Command } from "./command.ts";
import { commands, laterCommands } from "./command-table.ts";
import { parseArguments } from "./parse-arguments.ts";
import { tellError } from "./tell-error.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** Options that may also stand in front of the command. */
const leadingOptions = ["--json", "--quiet", "--debug"];

/** Runs one command line and gives its exit code. Never rejects. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const json = argv.includes("--json");
  const terminal = openTerminal(!json && wantsColor());
  const voice = { json, debug: argv.includes("--debug"), all: argv.includes("validate") };
  const fail = (thrown: unknown): number => {
    const error = toRemoteMediaError(thrown);
    tellError(error, voice, terminal);
    return exitCodes[error.family];
  };
  // A promise that nobody waits for, or a callback that throws: what state we are in isn't known any more.
  const giveUp = (thrown: unknown): void => {
    process.exit(Math.max(fail(toDefect(thrown)), 1));
  };
  process.on("uncaughtException", giveUp);
  process.on("unhandledRejection", giveUp);
  try {
    return await dispatch(argv, terminal);
  } catch (thrown) {
    return fail(thrown);
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const at = argv.findIndex((word) => !leadingOptions.includes(word));
  const name = argv[at];
  const leading = argv.slice(0, Math.max(at, 0));
  const rest = [...argv.slice(at + 1), ...leading];
  if (at < 0 || name === undefined) {
    const { overviewHelp } = await import("./help.ts");
    terminal.tell(overviewHelp());
    return exitCodes.config;
  }
  if (name === "help" || name === "--help" || name === "-h") return showHelp(rest, terminal);
  if (name === "--version" || name === "-V") return showVersion(rest, terminal);
  const command = findCommand(name);
  const { operands, options } = parseArguments(command, rest);
  if (options.has("help")) return showHelp([command.name], terminal);
  const execute = await command.load();
  return execute({
    operands,
    texts: (option) => options.get(option) ?? [],
    text: (option) => options.get(option)?.[0],
    flag: (option) => options.has(option),
    terminal,
  });
}

function findCommand(name: string): Command {
  const command = commands.find((known) => known.name === name);
  if (command !== undefined) return command;
  if (laterCommands.includes(name)) {
    const names = commands.map((known) => known.name).join(", ");
    throw new RemoteMediaError("usage", `the command ${name} is not part of this version`, {
      hint: `there are ${names}`,
    });
  }
  const isOption = name.startsWith("-");
  const near = nearestName(
    name,
    commands.map((known) => known.name),
  );
  throw new RemoteMediaError("usage", `unknown ${isOption ? "option" : "command"} ${name}`, {
    hint: near === undefined || isOption ? "remotemedia --help lists the commands" : `did you mean ${near}?`,
  });
}

async function showHelp(words: readonly string[], terminal: Terminal): Promise<number> {
  const { commandHelp, overviewHelp } = await import("./help.ts");
  const name = words.find((word) => !word.startsWith("-"));
  terminal.print(name === undefined ? overviewHelp() : commandHelp(findCommand(name)));
  return 0;
}

async function showVersion(words: readonly string[], terminal: Terminal): Promise<number> {
  const { version } = await import("../../package.json");
  terminal.print(words.includes("--json") ? JSON.stringify({ version }) : `remotemedia ${version}`);
  return 0;
}

function toDefect(thrown: unknown): RemoteMediaError {
  const error = toRemoteMediaError(thrown);
  return error.family === "internal"
    ? error
    : new RemoteMediaError("internal", `nobody took care of: ${error.message}`, { cause: error });
}
