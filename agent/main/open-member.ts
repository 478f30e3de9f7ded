// openMember: this device at work in a mesh: its links, the ways that its signals take, and the sessions that come of them.
import { randomBytes } from "node:crypto";
import { version } from "../../package.json";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { BrokerWill } from "../../platform/contract/broker.ts";
import type { IceServer } from "../../platform/contract/link.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import type { BrokerOptions, ConnectedBroker } from "../../platform/mqtt/connect-broker.ts";
import { openWebrtc } from "../../platform/webrtc/open-webrtc.ts";
import { openTextSockets } from "../../platform/websocket/open-text-sockets.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { BrokerSignalling, deviceTopic } from "../mesh/broker-signalling.ts";
import { hedgeLinks } from "../mesh/hedged-links.ts";
import type { Identity } from "../mesh/identity.ts";
import { type Mesh, openMesh } from "../mesh/open-mesh.ts";
import type { SignalTransport } from "../mesh/signal-transport.ts";
import { SocketSignalling } from "../mesh/socket-signalling.ts";
import { buildMs } from "./build-time.ts";
import type { JoinedMesh } from "./mesh-state.ts";

export interface MemberOptions {
  readonly identity: Identity;
  readonly joined: JoinedMesh;
  readonly statement: () => CapabilityStatement;
  /** Absent: nobody can come to us but by a broker. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** Peers that are called until they answer. */
  readonly peers?: readonly string[];
  readonly broker?: Omit<BrokerOptions, "clientId" | "will"> | undefined;
  readonly iceServers?: readonly IceServer[];
  readonly portRange?: { readonly min: number; readonly max: number } | undefined;
  /** Whether sessions are made with everybody who is heard of. */
  readonly reachesAll: boolean;
}

export interface Member extends AsyncDisposable {
  readonly identity: Identity;
  readonly joined: JoinedMesh;
  readonly mesh: Mesh;
  readonly sockets: SocketSignalling;
  readonly broker: ConnectedBroker | undefined;
}

/** A broker that is away, and peers that are, are waited for by nobody here.
 * @throws RemoteMediaError `peer-unreachable` where this machine has no WebRTC, `config-invalid` where it can't listen */
export async function openMember(options: MemberOptions): Promise<Member> {
  const { identity, joined, statement, listen, peers = [], iceServers, portRange, reachesAll } = options;
  const made = await openWebrtc({ certificate: identity.dtls, iceServers, portRange });
  const links = hedgeLinks(made, { timers: systemTimers });
  const broker = options.broker && (await connect(options.broker, options));
  let mesh: Mesh | undefined;
  const sockets = new SocketSignalling({
    sockets: openTextSockets(),
    timers: systemTimers,
    listen,
    urls: peers,
    listPeers: () => (mesh?.peers() ?? []).map(({ device, name }) => ({ device, name })),
  });
  const transports: SignalTransport[] = [sockets];
  if (broker !== undefined) {
    transports.push(
      new BrokerSignalling({ broker, mesh: joined.mesh, device: identity.device, name: options.broker!.url }),
    );
  }
  mesh = openMesh({
    identity,
    membership: joined.bundle,
    rootKey: joined.rootKey,
    links,
    transports,
    timers: systemTimers,
    randomWord: () => randomBytes(16).toString("hex"),
    buildMs,
    agent: version,
    statement,
    reachesAll,
  });
  const close = async (): Promise<void> => {
    const hasSessions = mesh?.peers().some(({ state }) => state === "open") ?? false;
    await mesh?.[Symbol.asyncDispose]();
    // What sessions say last needs a moment to leave.
    if (hasSessions) await new Promise<void>((resolve) => systemTimers.after(goodbyeMs, resolve));
    await links.close();
    await broker?.[Symbol.asyncDispose]();
  };
  try {
    await sockets.listen();
  } catch (thrown) {
    await close();
    throw toRemoteMediaError(thrown);
  }
  return { identity, joined, mesh, sockets, broker, [Symbol.asyncDispose]: close };
}

const goodbyeMs = 60;
const willDelaySeconds = 10;
const sessionSeconds = 15;
const encode = (document: object) => new TextEncoder().encode(JSON.stringify(document));

/** Says that this device is there whenever the connection is; what the broker keeps says otherwise 10 s after it is lost. */
async function connect(
  options: NonNullable<MemberOptions["broker"]>,
  { identity, joined, statement }: MemberOptions,
): Promise<ConnectedBroker> {
  const { connectBroker } = await import("../../platform/mqtt/connect-broker.ts");
  const topic = deviceTopic(joined.mesh, identity.device, "status");
  const session = randomBytes(8).toString("hex");
  const status = (state: "online" | "offline") =>
    encode({ v: 1, state, session, agent: version, time: new Date().toISOString() });
  const will: BrokerWill = {
    topic,
    payload: status("offline"),
    retain: true,
    delaySeconds: willDelaySeconds,
  };
  const broker = await connectBroker({
    ...options,
    clientId: `rm-${identity.device}`,
    will,
    // A will waits no longer than its session lives.
    sessionExpirySeconds: sessionSeconds,
  });
  const say = (where: string, payload: Uint8Array) =>
    broker.publish(where, payload, { retain: true }).catch(() => {});
  const tell = (isConnected: boolean) => {
    if (!isConnected) return;
    say(topic, status("online"));
    say(deviceTopic(joined.mesh, identity.device, "capabilities"), encode(statement()));
  };
  broker.onState(tell);
  tell(broker.isConnected);
  const close = broker[Symbol.asyncDispose].bind(broker);
  broker[Symbol.asyncDispose] = async () => {
    // Who says goodbye takes the will along: it has to be said.
    if (broker.isConnected) await say(topic, status("offline"));
    await close();
  };
  return broker;
}

/** The mesh that a command or an agent takes part in. @throws RemoteMediaError `membership-missing` */
export function chooseMesh(memberships: readonly JoinedMesh[], name?: string): JoinedMesh {
  const named = name === undefined ? memberships : memberships.filter(({ meshName }) => meshName === name);
  const [only, ...others] = named;
  if (only !== undefined && others.length === 0) return only;
  const known = memberships.map(({ meshName }) => meshName).join(", ");
  if (only === undefined) {
    throw new RemoteMediaError(
      "membership-missing",
      name === undefined
        ? "this device belongs to no mesh"
        : `this device doesn't belong to the mesh ${name}`,
      {
        hint:
          memberships.length > 0
            ? `it belongs to ${known}`
            : "remotemedia mesh create begins one; remotemedia mesh request asks the owner of another",
      },
    );
  }
  throw new RemoteMediaError("membership-missing", `this device belongs to several meshes: ${known}`, {
    hint: "`mesh` in the agent's file says which one it is; remotemedia mesh leave forgets one",
  });
}
