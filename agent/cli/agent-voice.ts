// How the agent speaks on stderr: a line for people, or a JSON object a line.
import type { AgentLog } from "../main/running-agent.ts";
import type { StatusDocument } from "../web/control-documents.ts";
import { oneLine, type Style, type Terminal } from "./terminal.ts";

export interface AgentVoice {
  log(line: AgentLog): void;
  notice(text: string): void;
  ready(status: StatusDocument): void;
}

export interface AgentVoiceOptions {
  readonly json: boolean;
  /** The least that is told. */
  readonly level: AgentLog["level"];
  /** ISO 8601. */
  readonly now: () => string;
}

const levels: readonly AgentLog["level"][] = ["error", "warning", "info", "debug"];
const styles: Readonly<Record<AgentLog["level"], Style | undefined>> = {
  error: "red",
  warning: "yellow",
  info: undefined,
  debug: "dim",
};

export function openAgentVoice(terminal: Terminal, { json, level, now }: AgentVoiceOptions): AgentVoice {
  const least = levels.indexOf(level);
  const line = (style: Style | undefined, text: string): string =>
    style === undefined ? text : terminal.paint("stderr", style, text);
  const log = ({ level: of, about, message, error }: AgentLog): void => {
    if (levels.indexOf(of) > least) return;
    if (json) {
      const cause = error === undefined ? {} : { code: error.code, reason: error.message };
      terminal.tell(JSON.stringify({ log: { time: now(), level: of, about, message, ...cause } }));
      return;
    }
    const why = error === undefined ? "" : `: ${error.message} [${error.code}]`;
    terminal.tell(
      `${now().slice(11, 19)} ${line(styles[of], of.padEnd(7))} ${oneLine(`${about}: ${message}${why}`)}`,
    );
  };
  return {
    log,
    notice: (text) => {
      if (json) terminal.tell(JSON.stringify({ notice: text }));
      else if (least >= levels.indexOf("info")) terminal.tell(oneLine(text));
    },
    ready: (status) => {
      if (json) {
        terminal.tell(JSON.stringify({ ready: status }));
        return;
      }
      log({ level: "info", about: "agent", message: describeStart(status) });
    },
  };
}

function describeStart({ device, name, listen, memberships, pipelines }: StatusDocument): string {
  const mesh = memberships.find(({ active }) => active);
  const parts = [
    `${name} (${device}) is up`,
    mesh === undefined ? "a member of no mesh" : `a member of ${mesh.mesh}`,
    listen === null ? "not listening" : `listening on ${listen.host} port ${listen.port}`,
    `${pipelines.length} pipelines`,
  ];
  return parts.join(", ");
}
