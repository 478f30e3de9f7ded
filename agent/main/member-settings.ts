// The parts of the agent's file that say how its mesh is reached, with the secrets read from the files that they name.
import { createHmac } from "node:crypto";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { IceServer } from "../../platform/contract/link.ts";
import type { AgentBroker, AgentConfig, AgentIceServer } from "../config/agent-config.ts";
import type { MemberOptions } from "./open-member.ts";
import { readBounded } from "./read-bounded.ts";

const maxFileBytes = 256 * 1024;
/** How long a credential that is made for TURN lasts: longer than any agent goes without a restart would be too long. */
const credentialSeconds = 7 * 24 * 3600;

/** @throws RemoteMediaError `config-invalid` for a file that can't be read */
export async function readMemberSettings(
  settings: AgentConfig,
): Promise<Pick<MemberOptions, "listen" | "peers" | "broker" | "iceServers" | "portRange">> {
  const { listen, peers, broker, ice_servers, port_range } = settings;
  return {
    listen: listen === false ? undefined : listen,
    peers,
    broker: broker && (await readBroker(broker)),
    iceServers: await Promise.all(ice_servers.map(readIceServer)),
    portRange: port_range,
  };
}

async function readBroker(broker: AgentBroker): Promise<MemberOptions["broker"]> {
  const { url, username, password_file, ca_file, cert_file, key_file } = broker;
  return {
    url,
    username,
    password: password_file && firstLine(await readText(password_file)),
    ca: ca_file && (await readText(ca_file)),
    cert: cert_file && (await readText(cert_file)),
    key: key_file && (await readText(key_file)),
  };
}

async function readIceServer(server: AgentIceServer): Promise<IceServer> {
  const { kind, host, port, username, credential_file, secret_file } = server;
  if (secret_file !== undefined) {
    return { kind, host, port, ...makeCredential(firstLine(await readText(secret_file)), username) };
  }
  const credential = credential_file && firstLine(await readText(credential_file));
  return { kind, host, port, username, credential };
}

/** @see draft-uberti-behave-turn-rest-00, section 2.2 */
function makeCredential(
  secret: string,
  user: string | undefined,
): Pick<IceServer, "username" | "credential"> {
  const expires = Math.floor(Date.now() / 1000) + credentialSeconds;
  const username = user === undefined ? String(expires) : `${expires}:${user}`;
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") };
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readBounded(file, maxFileBytes));
  } catch (cause) {
    throw new RemoteMediaError("config-invalid", `it can't be read: ${toRemoteMediaError(cause).message}`, {
      where: { file },
      cause,
    });
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}
