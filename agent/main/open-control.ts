// The agent that runs here, as commands ask it.
import { isReaderGone } from "../../platform/process/reader-gone.ts";
import { type ControlClient, openControlClient } from "../web/control-client.ts";
import { loadConfig } from "./environment.ts";
import { loadAgentConfig } from "./load-agent-config.ts";

/** @param file the agent's, as `--config` names it, which may name the socket @throws RemoteMediaError `config-invalid` */
export async function openControl(file: string | undefined): Promise<ControlClient> {
  const { homeFolder } = await loadConfig();
  const { controlSocket } = await loadAgentConfig(homeFolder, file);
  return openControlClient(controlSocket);
}

const readerCheckMs = 1000;
const stdout = 1;

/** Aborted when nobody reads stdout any more, which nothing else would tell before the next line. */
export function watchReader(): Disposable & { readonly signal: AbortSignal } {
  const gone = new AbortController();
  const timer = setInterval(() => {
    if (isReaderGone(stdout)) gone.abort();
  }, readerCheckMs);
  return { signal: gone.signal, [Symbol.dispose]: () => clearInterval(timer) };
}
