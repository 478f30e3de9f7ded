// An error for people (what happened, where, what to do) or for programs (one JSON line).
import { type ErrorWhere, RemoteMediaError } from "../../platform/base/error.ts";
import { oneLine, type Terminal } from "./terminal.ts";

export interface ErrorVoice {
  readonly json: boolean;
  readonly debug: boolean;
  /** Whether each of several problems is told, or the first one with how to see the rest. */
  readonly all?: boolean;
}

const ourDefect = "this is a defect of remotemedia, not of your pipeline";

/** Tells it on stderr. */
export function tellError(error: RemoteMediaError, voice: ErrorVoice, terminal: Terminal): void {
  if (voice.json) {
    terminal.tell(JSON.stringify(describeError(error)));
    return;
  }
  const problems = error.problems.length > 1 && voice.all === true ? error.problems : [error];
  for (const problem of problems) tellOne(problem, voice, terminal);
  if (voice.debug) terminal.tell(traceOf(error));
}

function tellOne(error: RemoteMediaError, { debug }: ErrorVoice, terminal: Terminal): void {
  const title = terminal.paint("stderr", "red", "error:");
  const code = terminal.paint("stderr", "dim", `[${error.code}]`);
  terminal.tell(`${title} ${oneLine(error.message)} ${code}`);
  const where = describeWhere(error.where);
  if (where !== "") terminal.tell(`   at: ${oneLine(where)}`);
  const hint = hintOf(error, debug);
  if (hint !== "") terminal.tell(`   do: ${oneLine(hint)}`);
}

function hintOf(error: RemoteMediaError, debug: boolean): string {
  const hints = error.hint === undefined ? [] : [error.hint];
  if (error.problems.length > 1) hints.push("remotemedia validate tells every problem");
  if (error.code === "internal") {
    hints.push(debug ? ourDefect : `${ourDefect}; again with --debug it says more`);
  }
  return hints.join("; ");
}

/** `pipeline.json:4:12 nodes[0].node_type (node mul)`. */
export function describeWhere(where: ErrorWhere | undefined): string {
  if (where === undefined) return "";
  const { file, line, column, path, node, port, digest } = where;
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  const inside = [
    ...(node === undefined ? [] : [`node ${node}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(digest === undefined ? [] : [digest]),
  ].join(", ");
  const outer = [place, path ?? ""].filter((part) => part !== "").join(" ");
  if (inside === "") return outer;
  return outer === "" ? inside : `${outer} (${inside})`;
}

/** As `--json` gives it. `problems` is there when there are several; the first of them is the error's own. */
export function describeError(error: RemoteMediaError): object {
  const described = { error: describeProblem(error) };
  return error.problems.length > 1
    ? { ...described, problems: error.problems.map(describeProblem) }
    : described;
}

function describeProblem({ code, message, where, hint }: RemoteMediaError): object {
  return {
    code,
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The stack, and those of the causes. */
function traceOf(error: RemoteMediaError): string {
  const traces: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && traces.length < 8; cause = cause.cause) {
    const stack = cause.stack ?? String(cause);
    const name = cause instanceof RemoteMediaError ? ` [${cause.code}]` : "";
    const trace = stack.split("\n").map(oneLine).join("\n");
    traces.push(`${traces.length === 0 ? "" : "caused by "}${trace}${name}`);
  }
  return traces.join("\n");
}
