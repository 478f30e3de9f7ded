// `remotemedia peers`: the members of the mesh that the agent knows.
import { openControl } from "../main/open-control.ts";
import type { Call } from "./command.ts";
import { formatPeers } from "./peers-page.ts";

export async function executePeers({ text, flag, terminal }: Call): Promise<number> {
  const peers = await (await openControl(text("config"))).peers();
  terminal.print(flag("json") ? JSON.stringify(peers, undefined, 2) : formatPeers(peers).join("\n"));
  return 0;
}
