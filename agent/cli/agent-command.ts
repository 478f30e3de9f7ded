// `remotemedia agent`: the daemon, from its start to its end.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { exitCodes } from "../../platform/base/error-codes.ts";
import { loadConfig, takeServiceEnvironment } from "../main/environment.ts";
import { loadAgentConfig } from "../main/load-agent-config.ts";
import { openAgentVoice } from "./agent-voice.ts";
import type { Call } from "./command.ts";
import { listenForInterrupts } from "./interrupts.ts";

export async function executeAgent(call: Call): Promise<number> {
  const { flag, text, terminal } = call;
  if (flag("print-config") && !flag("json")) {
    const { renderSampleConfig } = await import("../config/sample-agent-config.ts");
    terminal.print(renderSampleConfig().trimEnd());
    return 0;
  }
  const service = takeServiceEnvironment();
  const config = await loadConfig();
  const loaded = await loadAgentConfig(config.homeFolder, text("config"));
  if (flag("print-config")) {
    terminal.print(JSON.stringify(loaded.settings, undefined, 2));
    return 0;
  }
  const voice = openAgentVoice(terminal, {
    json: flag("json"),
    level: flag("quiet") ? "warning" : loaded.settings.log,
    now: () => new Date().toISOString(),
  });
  using interrupts = listenForInterrupts((words) => voice.notice(words));
  const { openAgent } = await import("../main/open-agent.ts");
  const { runAgent } = await import("../main/run-agent.ts");
  const end = await runAgent({
    loaded,
    config,
    open: openAgent,
    service,
    drain: interrupts.drain,
    stop: interrupts.stop,
    onLog: (line) => voice.log(line),
    onReady: (agent) => voice.ready(agent.view.status()),
  });
  if (end === "drained") return 0;
  if (end === "stopped") return exitCodes.io;
  throw new RemoteMediaError(
    "interrupted",
    `what was in flight wasn't finished within ${loaded.settings.drain_timeout_s} s`,
    { hint: "give it longer by drain_timeout_s in the agent's file" },
  );
}
