// The echo as a stage at a peer: our whole way there and back, session, credits, pieces, with a node that gives back what it gets.
import { hedgeLinks } from "../../../agent/mesh/hedged-links.ts";
import { verifyMembership } from "../../../agent/mesh/membership.ts";
import { type MeshSession, openSession } from "../../../agent/mesh/session.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { NodeRunner, Outcome } from "../../../agent/node/runner.ts";
import { OffloadRunner } from "../../../agent/offload/offload-runner.ts";
import { StageServer } from "../../../agent/offload/stage-server.ts";
import { publicKeyOf } from "../../../agent/trust/public-key.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { LinkSignal } from "../../../platform/contract/link.ts";
import { systemTimers } from "../../../platform/contract/timers.ts";
import { openWebrtc } from "../../../platform/webrtc/open-webrtc.ts";
import { makeMember, makeRootKey, someStatement, type TestMember } from "../../support/mesh-members.ts";
import { type EchoPeer, type EchoWay, startEchoPeer } from "./echo-way.ts";

/** What the other process is told: who it is, and how it knows who we are. */
interface Beginning {
  readonly rootKey: string;
  readonly membership: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly caller: string;
}

/** Runs a stage of one node that gives back what it gets. */
export class EchoRunner implements NodeRunner {
  readonly window = 64;
  async open(): Promise<void> {}
  async process(frame: Frame): Promise<Outcome> {
    return { emissions: [{ node: "echo", frame: { ...frame, port: "out" } }], failures: [] };
  }
  async flush(): Promise<Outcome> {
    return { emissions: [], failures: [] };
  }
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
  metrics() {
    return new Map();
  }
}

async function join(
  role: "offerer" | "answerer",
  own: Pick<TestMember, "membership"> & { readonly certificatePem: string; readonly keyPem: string },
  device: string,
  rootSpki: Uint8Array,
  wire: { send(signal: LinkSignal): void; onSignal(accept: (signal: LinkSignal) => void): void },
): Promise<MeshSession> {
  const rootKey = publicKeyOf(rootSpki, (why) => new RemoteMediaError("key-invalid", why));
  const made = await openWebrtc({ certificate: own });
  const link = hedgeLinks(made, { timers: systemTimers }).makeLink({
    role,
    signal: (signal) => wire.send(signal),
  });
  const session = openSession({
    link,
    role,
    device,
    timers: systemTimers,
    membership: own.membership,
    agent: "bench",
    statement: () => someStatement("bench"),
    verify: (bytes) => verifyMembership(bytes, { rootKey, nowMs: Date.now(), buildMs: 0 }),
  });
  wire.onSignal((signal) => link.accept(signal));
  return session;
}

export async function openOffloadEcho(): Promise<EchoWay> {
  const rootKey = makeRootKey();
  const [caller, server] = [makeMember(rootKey, { name: "caller" }), makeMember(rootKey, { name: "server" })];
  const peer: EchoPeer = startEchoPeer("offload");
  await peer.next();
  const beginning: Beginning = {
    rootKey: Buffer.from(rootKey.publicKey.spki).toString("base64"),
    membership: Buffer.from(server.membership).toString("base64"),
    certificatePem: server.identity.dtls.certificatePem,
    keyPem: server.identity.dtls.keyPem,
    caller: caller.identity.device,
  };
  peer.send(beginning);
  await peer.next();
  const { certificatePem, keyPem } = caller.identity.dtls;
  const session = await join(
    "offerer",
    { membership: caller.membership, certificatePem, keyPem },
    server.identity.device,
    rootKey.publicKey.spki,
    {
      send: (signal) => peer.send(signal),
      onSignal: (accept) => peer.onMessage((signal) => accept(signal as LinkSignal)),
    },
  );
  const runner = new OffloadRunner({
    stage: {
      nodes: [{ id: "echo", type: "Echo" }],
      root: "echo",
      manifest: "{}",
      wanted: ["echo.out"],
      stateful: false,
      deadlineMs: 0,
      path: [caller.identity.device],
      maxCallMs: 10_000,
      maxOutputBytes: 16 * 1024 * 1024,
    },
    candidates: [
      { kind: "peer", place: session.peer.device, name: "server", session: async () => session, score: 0 },
    ],
    timers: systemTimers,
    random: Math.random,
  });
  await runner.open();
  return {
    name: "offload",
    echo: async (bytes) => {
      const frame: Frame = { port: "in", pts: 0, payload: { kind: "bytes" }, data: bytes };
      const { emissions, failures } = await runner.process(frame);
      if (failures.length > 0 || emissions[0]?.frame.data.length !== bytes.length) {
        throw new RemoteMediaError(
          "internal",
          `the echo came back as something else: ${failures[0]?.message}`,
        );
      }
    },
    pid: peer.pid,
    close: async () => {
      await runner.close();
      session.close(new RemoteMediaError("interrupted", "measured"));
      peer.kill();
    },
  };
}

/** The other process's part. */
export async function serveOffloadEcho(): Promise<void> {
  const heard: unknown[] = [];
  let listener: ((message: unknown) => void) | undefined;
  process.on("message", (message) => {
    if (listener === undefined) heard.push(message);
    else listener(message);
  });
  process.send?.("ready");
  const beginning = await new Promise<Beginning>((resolve) => {
    listener = (message) => resolve(message as Beginning);
    for (const message of heard.splice(0)) listener(message);
  });
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
  const opening = join(
    "answerer",
    { ...beginning, membership: bytes(beginning.membership) },
    beginning.caller,
    bytes(beginning.rootKey),
    {
      send: (signal) => process.send?.(signal),
      onSignal: (accept) => {
        listener = (signal) => accept(signal as LinkSignal);
      },
    },
  );
  process.send?.("waiting");
  const server = new StageServer({
    self: "server",
    host: { makeStage: async () => new EchoRunner() },
    timers: systemTimers,
  });
  server.attach(await opening);
}
