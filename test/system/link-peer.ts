// A process with links, which a test runs in a network namespace and steers by lines of JSON; signals go through the test.
import { createInterface } from "node:readline";
import { hedgeLinks } from "../../agent/mesh/hedged-links.ts";
import type { IceServer, Link, LinkSignal } from "../../platform/contract/link.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { openWebrtc } from "../../platform/webrtc/open-webrtc.ts";

export type PeerOrder =
  | { readonly id: number; readonly order: "make"; readonly role: "offerer" | "answerer" }
  | { readonly id: number; readonly order: "signal"; readonly signal: LinkSignal }
  | { readonly id: number; readonly order: "send"; readonly count: number; readonly bytes: number }
  | { readonly id: number; readonly order: "close" };

export type PeerEvent =
  | { readonly id: number; readonly event: "ready" }
  | { readonly id: number; readonly event: "signal"; readonly signal: LinkSignal }
  | { readonly id: number; readonly event: "connected"; readonly local?: string; readonly remote?: string }
  /** As many messages of the sender have come back, in order, unchanged. */
  | { readonly id: number; readonly event: "echoed"; readonly count: number }
  | { readonly id: number; readonly event: "wrong"; readonly message: string }
  | { readonly id: number; readonly event: "ended"; readonly end: string };

export interface LinkPeerOptions {
  readonly iceServers?: readonly IceServer[];
  /** Default true. */
  readonly isHedged?: boolean;
}

interface Held {
  readonly link: Link;
  send: (bytes: Uint8Array) => void;
  sent: number;
}

const tell = (event: PeerEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
const { iceServers = [], isHedged = true } = JSON.parse(process.argv[2] ?? "{}") as LinkPeerOptions;
const plain = await openWebrtc({ iceServers });
const maker = isHedged ? hedgeLinks(plain, { timers: systemTimers }) : plain;
const links = new Map<number, Held>();

createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line) as PeerOrder))
  .on("close", () => process.exit(0));
tell({ id: 0, event: "ready" });

function obey(order: PeerOrder): void {
  if (order.order === "make") {
    links.set(order.id, make(order.id, order.role));
    return;
  }
  const held = links.get(order.id);
  if (held === undefined) return;
  if (order.order === "signal") held.link.accept(order.signal);
  else if (order.order === "close") held.link.close();
  else for (let count = 0; count < order.count; count += 1) held.send(numbered(held.sent++, order.bytes));
}

function make(id: number, role: "offerer" | "answerer"): Held {
  const link = maker.makeLink({ role, signal: (signal) => tell({ id, event: "signal", signal }) });
  link.onConnected(() => {
    const { localCandidate: local, remoteCandidate: remote } = link.statistics();
    tell({ id, event: "connected", ...(local && { local }), ...(remote && { remote }) });
  });
  link.onEnd((end) => tell({ id, event: "ended", end }));
  const held: Held = { link, send: () => undefined, sent: 0 };
  if (role === "answerer") {
    link.onChannel((channel) => channel.onMessage((bytes) => channel.send(bytes)));
  } else {
    const channel = link.openChannel({ label: "control" });
    let came = 0;
    channel.onMessage((bytes) => {
      if (!isNumbered(bytes, came))
        tell({ id, event: "wrong", message: `${bytes.length} bytes in place ${came}` });
      came += 1;
      if (came === held.sent) tell({ id, event: "echoed", count: came });
    });
    held.send = (bytes) => channel.send(bytes);
  }
  return held;
}

function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(number & 255);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function isNumbered(bytes: Uint8Array, number: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return (
    bytes.length >= 4 &&
    view.getUint32(0) === number &&
    bytes.subarray(4).every((byte) => byte === (number & 255))
  );
}
