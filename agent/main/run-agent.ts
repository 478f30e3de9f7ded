// An agent from its start to its end: claimed, opened, told to the service manager, drained when somebody wishes, and closed.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { systemTimers, type Timers } from "../../platform/contract/timers.ts";
import type { AgentView } from "../web/agent-view.ts";
import { openControlServer } from "../web/control-server.ts";
import { claimAgent } from "./claim-agent.ts";
import type { ServiceEnvironment } from "./environment.ts";
import type { LoadedAgentConfig } from "./load-agent-config.ts";
import type { AgentOptions, OpenAgent, RunningAgent } from "./running-agent.ts";

export interface AgentRun {
  readonly loaded: LoadedAgentConfig;
  readonly config: AgentOptions["config"];
  readonly open: OpenAgent;
  readonly onLog: AgentOptions["onLog"];
  /** It serves: told once. */
  readonly onReady: (agent: RunningAgent) => void;
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
  /** Who wants to hear how we are; undefined: nobody. */
  readonly service?: ServiceEnvironment | undefined;
  readonly timers?: Timers;
}

/** How it ended: in order, beyond the time that it had for that, or stopped at once. */
export type AgentEnd = "drained" | "overdue" | "stopped";

/** Between two lines for the service manager. */
const statusGapMs = 10_000;

/** Runs until it is drained or stopped. @throws RemoteMediaError `agent-running`, `config-invalid`, and what opening an agent throws */
export async function runAgent(run: AgentRun): Promise<AgentEnd> {
  const { loaded, timers = systemTimers } = run;
  await using _claim = await claimAgent(loaded.controlSocket);
  using notifier = await openNotifier(run);
  const agent = await openUnlessStopped(run);
  try {
    const wish = Promise.withResolvers<void>();
    const view = withDrain(agent.view, () => wish.resolve());
    await using _server = await openControlServer({ path: loaded.controlSocket, view });
    notifier?.ready();
    using _status = tellStatus(notifier, agent.view, timers);
    run.onReady(agent);
    onAbort(run.drain, () => wish.resolve());
    const stopped = new Promise<AgentEnd>((resolve) => onAbort(run.stop, () => resolve("stopped")));
    const drained = agent.drained.then((): AgentEnd => "drained");
    const early = await Promise.race([wish.promise, stopped, drained]);
    if (early !== undefined) return early;
    const limitMs = loaded.settings.drain_timeout_s * 1000;
    notifier?.stopping(limitMs);
    agent.drain();
    const overdue = new Promise<AgentEnd>((resolve) => timers.after(limitMs, () => resolve("overdue")));
    return await Promise.race([drained, stopped, overdue]);
  } finally {
    await agent.close();
  }
}

async function openNotifier({ service, onLog }: AgentRun) {
  if (service === undefined) return undefined;
  const { openServiceNotifier } = await import("../../platform/linux/notify-systemd.ts");
  return openServiceNotifier({
    ...service,
    onDeaf: (why) =>
      onLog({ level: "warning", about: "systemd", message: `can't be told how we are: ${why}` }),
  });
}

/** Opening may wait for a network: who interrupts it doesn't. */
async function openUnlessStopped({ open, config, loaded, onLog, drain }: AgentRun): Promise<RunningAgent> {
  const opening = open({ config, settings: loaded.settings, overrides: loaded.overrides, onLog });
  const interrupted = Promise.withResolvers<never>();
  onAbort(drain, () => {
    interrupted.reject(new RemoteMediaError("interrupted", "interrupted before the agent was up"));
  });
  interrupted.promise.catch(() => {});
  try {
    return await Promise.race([opening, interrupted.promise]);
  } catch (thrown) {
    // What opens after all has nobody who wants it.
    opening.then((agent) => agent.close()).catch(() => {});
    throw thrown;
  }
}

/** A drain that was asked for at the socket takes the same way as an interrupt's, with its limit. */
function withDrain(view: AgentView, drain: () => void): AgentView {
  return { status: () => view.status(), peers: () => view.peers(), top: () => view.top(), drain };
}

function tellStatus(
  notifier: { status(text: string): void } | undefined,
  view: AgentView,
  timers: Timers,
): Disposable {
  let takeBack = (): void => {};
  const tell = (): void => {
    takeBack = timers.after(statusGapMs, tell);
    notifier?.status(summarize(view));
  };
  if (notifier !== undefined) tell();
  return { [Symbol.dispose]: () => takeBack() };
}

function summarize(view: AgentView): string {
  try {
    const { sessions, hosted, pipelines, state } = view.status();
    const running = pipelines.filter((pipeline) => pipeline.state === "running").length;
    return `${state}: ${sessions} peers, ${running} of ${pipelines.length} pipelines, ${hosted.length} stages for others`;
  } catch (thrown) {
    return `its state can't be told: ${toRemoteMediaError(thrown).message}`;
  }
}

function onAbort(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener("abort", action, { once: true });
}
