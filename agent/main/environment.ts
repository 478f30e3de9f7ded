// What the environment says: the one place that reads it.
import type { Config } from "../config/config.ts";

/** Whether a terminal may be given colours. @see https://no-color.org */
export function wantsColor(): boolean {
  return !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

/** The operator's settings. What parses them is loaded here, so that `--help` doesn't pay for it. @throws RemoteMediaError `usage` */
export async function loadConfig(): Promise<Config> {
  const { readConfig } = await import("../config/config.ts");
  return readConfig(process.env);
}

/** Folders with programs, separated by colons. */
export function searchPath(): string {
  return process.env["PATH"] ?? "";
}

/** The folder with docker's `config.json`: credentials of registries. @see https://docs.docker.com/reference/cli/docker/#environment-variables */
export function dockerConfigFolder(): string {
  return process.env["DOCKER_CONFIG"] || `${process.env["HOME"] ?? "."}/.docker`;
}

/** What another program is started with: this environment without our settings, one of which is a secret. */
export function plainEnvironment(): Readonly<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith("REMOTEMEDIA_")) plain[name] = value;
  }
  return plain;
}
