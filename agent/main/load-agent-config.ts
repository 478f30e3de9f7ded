// The agent's file, read: its settings with every default, and its paths made whole.
import { dirname, isAbsolute, join, resolve } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { StatementOverrides } from "../capability/override-statement.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { type ParsedAgentConfig, parseAgentConfig } from "../config/parse-agent-config.ts";
import { readBounded } from "./read-bounded.ts";

type Refuse = ParsedAgentConfig["refuse"];

const maxBytes = 1024 * 1024;

export interface LoadedAgentConfig {
  readonly settings: AgentConfig;
  /** Of the file; undefined where there is none and every setting has its default. */
  readonly file: string | undefined;
  /** The control socket's path. */
  readonly controlSocket: string;
  /** The operator's word over what probes find. */
  readonly overrides: StatementOverrides;
}

/** @param file as `--config` names it; without it `agent.json` of the home folder, which needn't be there
 * @throws RemoteMediaError `config-invalid` */
export async function loadAgentConfig(home: string, file?: string): Promise<LoadedAgentConfig> {
  const path = resolve(file ?? join(home, "agent.json"));
  const text = await readText(path, file === undefined);
  const { settings, refuse } = parseAgentConfig(text ?? "", path);
  const whole = resolvePaths(settings, dirname(path));
  return {
    settings: whole,
    file: text === undefined ? undefined : path,
    controlSocket: whole.control_socket ?? resolve(join(home, "agent.sock")),
    overrides: await readOverrides(settings, refuse),
  };
}

/** What checks them is heavy, and most files have none. */
async function readOverrides({ capabilities }: AgentConfig, refuse: Refuse): Promise<StatementOverrides> {
  if (Object.keys(capabilities).length === 0) return {};
  const { parseOverrides } = await import("../capability/override-statement.ts");
  return parseOverrides(capabilities, (path, why, hint) => refuse(["capabilities", ...path], why, hint));
}

/** Of a file that may be absent undefined. */
async function readText(path: string, mayBeAbsent: boolean): Promise<string | undefined> {
  const fail = (why: string, cause?: unknown) =>
    new RemoteMediaError("config-invalid", `the agent's file ${why}`, {
      where: { file: path },
      hint: "remotemedia agent --print-config prints one to begin with",
      cause,
    });
  const bytes = await readBounded(path, maxBytes).catch((thrown: unknown) => {
    if (mayBeAbsent && (thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fail(`can't be read: ${toRemoteMediaError(thrown).message}`, thrown);
  });
  if (bytes === undefined) return undefined;
  if (bytes.length > maxBytes) throw fail(`is larger than ${maxBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fail("isn't UTF-8", cause);
  }
}

/** Relative paths start at the file's folder, whatever folder the agent was started in. */
function resolvePaths(settings: AgentConfig, folder: string): AgentConfig {
  const whole = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  const inside = <T extends object>(object: T): T =>
    Object.fromEntries(
      Object.entries(object).map(([key, value]) => [key, key.endsWith("_file") ? whole(value) : value]),
    ) as T;
  const { broker, control_socket, ice_servers, pipelines } = settings;
  return {
    ...settings,
    ...(broker === undefined ? {} : { broker: inside(broker) }),
    ...(control_socket === undefined ? {} : { control_socket: whole(control_socket) }),
    ice_servers: ice_servers.map(inside),
    pipelines: Object.fromEntries(
      Object.entries(pipelines).map(([name, pipeline]) => [
        name,
        { ...pipeline, path: isReference(pipeline.path) ? pipeline.path : whole(pipeline.path) },
      ]),
    ),
  };
}

function isReference(path: string): boolean {
  return /^(oci:\/\/|sha256:)/.test(path);
}
