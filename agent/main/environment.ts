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

/** What a service manager wants to hear of: the socket, and how often it must hear that we are alive. */
export interface ServiceEnvironment {
  readonly socket: string;
  /** Undefined without a watchdog, or with one that is another process's. */
  readonly watchdogMs: number | undefined;
}

/** Taken out of the environment, so that no program that we start speaks in our name; undefined where nobody listens.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html */
export function takeServiceEnvironment(): ServiceEnvironment | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = process.env;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete process.env[name];
  if (socket === undefined || socket === "") return undefined;
  const watchdogMs = Number(microseconds) / 1000;
  const isOurs = pid === undefined || Number(pid) === process.pid;
  return { socket, watchdogMs: isOurs && watchdogMs > 0 ? watchdogMs : undefined };
}
