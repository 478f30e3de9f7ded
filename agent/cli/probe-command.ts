// `remotemedia probe`: what this machine, or a recorded one, is and can do, and why what is missing is missing.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { loadConfig } from "../main/environment.ts";
import { type BoardLook, openBoard } from "../main/probe-board.ts";
import { recordThisBoard } from "../main/record-board.ts";
import { watchMachine } from "../main/watch-board.ts";
import { formatBoard, formatChange } from "./board-page.ts";
import type { Call } from "./command.ts";
import type { Terminal } from "./terminal.ts";

export async function executeProbe({ text, flag, terminal }: Call): Promise<number> {
  const [root, record] = [text("root"), text("record")];
  if (record !== undefined) {
    if (root !== undefined || flag("watch")) {
      throw new RemoteMediaError("usage", "probe: --record is of this machine, and of one look at it", {
        hint: `leave out ${root === undefined ? "--watch" : "--root"}, or --record`,
      });
    }
    const { fileCount, ...look } = await recordThisBoard(await loadConfig(), record);
    show(look, flag("json"), terminal);
    if (!flag("quiet")) {
      terminal.tell(`${fileCount} files are in ${record}: look through them before you send them in.`);
    }
    return 0;
  }
  if (flag("watch")) {
    if (root !== undefined) {
      throw new RemoteMediaError(
        "usage",
        "probe: a recorded board doesn't change: --watch is for this machine",
        {
          hint: "leave out --watch, or --root",
        },
      );
    }
    return watch(flag("json"), terminal);
  }
  using board = await openBoard(await loadConfig(), root);
  show(await board.look(), flag("json"), terminal);
  return 0;
}

function show({ facts, statement }: BoardLook, isJson: boolean, terminal: Terminal): void {
  terminal.print(
    isJson ? JSON.stringify(statement, undefined, 2) : formatBoard(statement, facts.host).join("\n"),
  );
}

async function watch(isJson: boolean, terminal: Terminal): Promise<number> {
  const end = new AbortController();
  const onEnd = (): void => end.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onEnd);
  try {
    let last: CapabilityStatement | undefined;
    for await (const { changed, ...look } of watchMachine(await loadConfig(), end.signal)) {
      terminal.print(isJson ? JSON.stringify(look.statement) : describe(look, last, changed));
      last = look.statement;
    }
    return 0;
  } finally {
    for (const signal of signals) process.off(signal, onEnd);
  }
}

function describe(
  { facts, statement }: BoardLook,
  last: CapabilityStatement | undefined,
  changed: readonly string[],
): string {
  const lines =
    last === undefined ? formatBoard(statement, facts.host) : ["", ...formatChange(last, statement, changed)];
  return lines.join("\n");
}
