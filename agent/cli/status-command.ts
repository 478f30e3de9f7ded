// `remotemedia status`: the agent that runs here.
import { openControl } from "../main/open-control.ts";
import type { Call } from "./command.ts";
import { formatStatus } from "./status-page.ts";

export async function executeStatus({ text, flag, terminal }: Call): Promise<number> {
  const status = await (await openControl(text("config"))).status();
  terminal.print(flag("json") ? JSON.stringify(status, undefined, 2) : formatStatus(status).join("\n"));
  return 0;
}
