// `remotemedia doctor`: what this machine lacks, and the mend.

import type { Check } from "../main/check.ts";
import { loadConfig } from "../main/environment.ts";
import { examineMachine } from "../main/examine.ts";
import type { Call } from "./command.ts";
import { oneLine, type Style, type Terminal } from "./terminal.ts";

const styles: Readonly<Record<Check["status"], Style>> = { ok: "green", warn: "yellow", missing: "red" };

export async function executeDoctor({ flag, terminal }: Call): Promise<number> {
  const checks = await examineMachine(await loadConfig());
  const isFit = checks.every(({ status, needed }) => status !== "missing" || !needed);
  if (flag("json")) terminal.print(JSON.stringify({ ok: isFit, checks }, undefined, 2));
  else for (const check of checks) printCheck(check, flag("quiet"), terminal);
  return isFit ? 0 : 1;
}

function printCheck({ name, status, detail, mend }: Check, quiet: boolean, terminal: Terminal): void {
  if (quiet && status === "ok") return;
  const label = terminal.paint("stdout", styles[status], status.padEnd(7));
  terminal.print(`${label} ${name.padEnd(14)} ${oneLine(detail)}`);
  if (mend !== undefined) terminal.print(`${" ".repeat(23)}→ ${mend}`);
}
