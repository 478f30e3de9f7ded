// A command's arguments → what was asked for, or a refusal that names the nearest known option.
import { parseArgs } from "node:util";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { type Command, type OptionSpec, sharedOptions } from "./command.ts";

/** Arguments that fit a command: options by name. A switch has the value `""`. */
export interface ParsedArguments {
  readonly operands: readonly string[];
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** @throws RemoteMediaError `usage` */
export function parseArguments(command: Command, words: readonly string[]): ParsedArguments {
  const specs = { ...sharedOptions, ...command.options };
  const refuse = (message: string, hint = `remotemedia ${command.name} --help shows what it takes`) => {
    throw new RemoteMediaError("usage", `${command.name}: ${message}`, { hint });
  };
  const operands: string[] = [];
  const options = new Map<string, string[]>();
  for (const token of tokenize(specs, words)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs[token.name];
    if (spec === undefined || !Object.hasOwn(specs, token.name)) {
      const near = nearestName(token.name, Object.keys(specs));
      refuse(`unknown option ${token.rawName}`, near === undefined ? undefined : `did you mean --${near}?`);
      continue;
    }
    const problem = problemOf(spec, token.value, options.has(token.name));
    if (problem !== undefined) refuse(`${token.rawName} ${problem}`);
    options.set(token.name, [...(options.get(token.name) ?? []), token.value ?? ""]);
  }
  // Whoever asks for help needn't know the operands yet.
  if (options.has("help")) return { operands, options };
  const missing = command.operands.find(({ required }, at) => required && at >= operands.length);
  if (missing !== undefined) refuse(`${missing.name} is missing`);
  if (operands.length > command.operands.length) {
    refuse(`one word too many: ${operands[command.operands.length]}`);
  }
  return { operands, options };
}

function tokenize(specs: Readonly<Record<string, OptionSpec>>, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  return parseArgs({
    args: [...words],
    options: { ...options, help: { type: "boolean", short: "h" } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

function problemOf(spec: OptionSpec, value: string | undefined, repeated: boolean): string | undefined {
  if (spec.value === undefined) return value === undefined ? undefined : "takes no value";
  if (value === undefined || value === "") return `needs a value: ${spec.value}`;
  return repeated && spec.many !== true ? "is given twice" : undefined;
}
