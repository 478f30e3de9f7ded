// Two processes with links, each in its namespace; the test carries their signals.
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Namespaces } from "../support/network-namespaces.ts";
import type { LinkPeerOptions, PeerEvent, PeerOrder } from "./link-peer.ts";

export class LinkPeer {
  readonly child: ChildProcess;
  readonly seen: PeerEvent[] = [];
  readonly #listeners = new Set<(event: PeerEvent) => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const event = JSON.parse(line) as PeerEvent;
      this.seen.push(event);
      for (const listener of [...this.#listeners]) listener(event);
    });
    child.stderr?.on("data", (bytes: Buffer) => process.stderr.write(bytes));
  }

  order(order: PeerOrder): void {
    this.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  onEvent(listener: (event: PeerEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** The first event of this kind, also when it has been. */
  until<Kind extends PeerEvent["event"]>(
    id: number,
    kind: Kind,
  ): Promise<Extract<PeerEvent, { event: Kind }>> {
    const isIt = (event: PeerEvent): event is Extract<PeerEvent, { event: Kind }> =>
      event.id === id && event.event === kind;
    const seen = this.seen.find(isIt);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve) => {
      const listener = (event: PeerEvent) => {
        if (!isIt(event)) return;
        this.#listeners.delete(listener);
        resolve(event);
      };
      this.#listeners.add(listener);
    });
  }
}

/** Starts a peer in a namespace. */
export async function startPeer(
  net: Namespaces,
  name: string,
  options: LinkPeerOptions = {},
): Promise<LinkPeer> {
  const program = fileURLToPath(new URL("link-peer.ts", import.meta.url));
  const peer = new LinkPeer(net.inNamespace(name, [process.execPath, program, JSON.stringify(options)]));
  await peer.until(0, "ready");
  return peer;
}

/** Carries signals between two peers, each late by so much. */
export function carrySignals(a: LinkPeer, b: LinkPeer, delayMs = 0): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.onEvent((event) => {
      if (event.event !== "signal") return;
      setTimeout(() => to.order({ id: event.id, order: "signal", signal: event.signal }), delayMs);
    });
  }
}

/** Begins a link from the first to the second, and says how long it took until the first was connected, in ms. */
export async function connect(a: LinkPeer, b: LinkPeer, id: number): Promise<number> {
  b.order({ id, order: "make", role: "answerer" });
  a.order({ id, order: "make", role: "offerer" });
  const beganMs = performance.now();
  await a.until(id, "connected");
  return performance.now() - beganMs;
}
