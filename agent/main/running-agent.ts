// What an agent is to whoever starts it: `openAgent` gives one, the command `agent` holds it.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { StatementOverrides } from "../capability/override-statement.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { Config } from "../config/config.ts";
import type { AgentView } from "../web/agent-view.ts";

export interface AgentLog {
  readonly level: "error" | "warning" | "info" | "debug";
  /** What it is about, such as `mesh`, `pipeline doorbell`, `stage 3`. */
  readonly about: string;
  /** One line. */
  readonly message: string;
  readonly error?: RemoteMediaError;
}

export interface AgentOptions {
  /** What the environment says: the home folder, the sandbox's cgroup. */
  readonly config: Config;
  /** What the agent's file says, with every default. */
  readonly settings: AgentConfig;
  /** For `overrideStatement`, with the settings' price. */
  readonly overrides: StatementOverrides;
  readonly onLog: (line: AgentLog) => void;
}

/** An agent at work: member of its mesh, runner of its pipelines, executor for others. */
export interface RunningAgent {
  readonly view: AgentView;
  /** Resolves when a drain, asked for by `drain()` or by `view.drain()`, is over. The time it may take is the caller's to bound. */
  readonly drained: Promise<void>;
  /** Takes no new stages, finishes what is in flight, drains its pipelines. Idempotent. */
  drain(): void;
  /** Ends whatever is left at once. Idempotent. */
  close(): Promise<void>;
}

/** Opens one; `agent/main/open-agent.ts` has it. @throws RemoteMediaError when it can't begin */
export type OpenAgent = (options: AgentOptions) => Promise<RunningAgent>;
