// openFakeLinks: a network within this process whose links obey the contract of real ones, and which a test may cut, slow and stop.
import { RemoteMediaError } from "../base/error.ts";
import type { LinkMaker, LinkOptions } from "../contract/link.ts";
import type { Timers } from "../contract/timers.ts";
import { FakeHost } from "./fake-host.ts";
import { FakeLink, type LinkNetwork } from "./fake-link.ts";
import { fakeFingerprint } from "./fake-sdp.ts";
import { FakeWire, type Way } from "./fake-wire.ts";

export interface FakeLinksOptions {
  /** 0 to 1; seeded, so that a run can be repeated. */
  readonly random: () => number;
  /** One way, in ms. */
  readonly delayMs: number;
  /** At most so much more, by chance; default 0. */
  readonly jitterMs?: number;
  /** Of each direction of a link; default no limit. */
  readonly bytesPerSecond?: number;
  /** Share of messages that are lost and sent again, 0 to 1; default 0. */
  readonly loss?: number;
  /** How long a loss goes unnoticed, at least; default 200. */
  readonly retransmitMs?: number;
  /** How long the other end may be silent until a link ends as `failed`; default 20,000; Infinity: it never does, as happens with real ones. */
  readonly failAfterMs?: number;
  /** What making a connection takes besides its round trips; default 5. */
  readonly connectMs?: number;
  /** Default 65,536, the least that the contract promises. */
  readonly maxMessageBytes?: number;
}

export interface FakeLinks {
  /** A process's maker of links. Each name is one process; a killed one starts anew when asked for again. */
  maker(name: string, options?: { fingerprint?: string }): LinkMaker;
  /** The process's own timers: they wait while it is stalled, and never call back once it is killed. */
  timers(name: string): Timers;
  /** Loses all that goes between two processes, both ways. */
  cut(a: string, b: string): void;
  heal(a: string, b: string): void;
  /** Changes the way between two processes. */
  shape(a: string, b: string, way: Partial<Way>): void;
  /** SIGSTOP: nothing is called in the process, and the others notice only its silence. */
  stall(name: string): void;
  resume(name: string): void;
  /** SIGKILL: nothing is called in the process again, and the others aren't told. */
  kill(name: string): void;
  /** The ends of links that haven't closed, of processes that live. */
  readonly openLinks: number;
}

export function openFakeLinks(timers: Timers, options: FakeLinksOptions): FakeLinks {
  return new FakeNetwork(timers, options);
}

class FakeNetwork implements FakeLinks, LinkNetwork {
  readonly maxMessageBytes: number;
  readonly #timers: Timers;
  readonly #options: FakeLinksOptions;
  readonly #hosts = new Map<string, FakeHost>();
  readonly #links = new Map<string, FakeLink>();
  readonly #watches = new Map<FakeLink, () => void>();
  readonly #joining = new Set<FakeLink>();
  readonly #cuts = new Set<string>();
  readonly #ways = new Map<string, Way>();
  #lastName = 0;

  constructor(timers: Timers, options: FakeLinksOptions) {
    this.#timers = timers;
    this.#options = options;
    this.maxMessageBytes = options.maxMessageBytes ?? 65_536;
  }

  get openLinks(): number {
    return this.#links.size;
  }

  maker(name: string, { fingerprint = fakeFingerprint(name) }: { fingerprint?: string } = {}): LinkMaker {
    const host = this.#hostOf(name);
    const made = new Set<FakeLink>();
    let isClosed = false;
    return {
      fingerprint,
      makeLink: (linkOptions) => {
        if (isClosed) throw new RemoteMediaError("internal", "The maker of links is closed.");
        const link = this.#makeLink(linkOptions, host, fingerprint);
        made.add(link);
        link.onEnd(() => made.delete(link));
        return link;
      },
      close: async () => {
        isClosed = true;
        for (const link of made) link.close();
      },
    };
  }

  timers(name: string): Timers {
    return this.#hostOf(name).timers;
  }

  cut(a: string, b: string): void {
    this.#cuts.add(pairOf(a, b));
    this.#reviewAll();
  }

  heal(a: string, b: string): void {
    this.#cuts.delete(pairOf(a, b));
    for (const link of this.#links.values()) if (!this.#isCut(link, link.peer)) link.wire?.heal();
    this.#reviewAll();
  }

  shape(a: string, b: string, way: Partial<Way>): void {
    this.#ways.set(pairOf(a, b), { ...this.#wayBetween(a, b), ...way });
  }

  stall(name: string): void {
    this.#hostOf(name).stall();
    this.#reviewAll();
  }

  resume(name: string): void {
    this.#hostOf(name).resume();
    this.#reviewAll();
  }

  kill(name: string): void {
    this.#hosts.get(name)?.kill();
    this.#hosts.delete(name);
    for (const [id, link] of this.#links) if (link.options.host.isGone) this.#links.delete(id);
    this.#reviewAll();
  }

  review(link: FakeLink): void {
    if (link.state === "closed") {
      this.#links.delete(link.options.name);
      this.#unwatch(link);
      return;
    }
    const other = link.peer ?? (link.remoteName === undefined ? undefined : this.#links.get(link.remoteName));
    if (link.state === "connecting") this.#tryJoin(link, other);
    if (link.remoteName === undefined || (link.state === "connected" && this.#canHear(link, other)))
      this.#unwatch(link);
    else this.#watch(link);
  }

  tellClosed(link: FakeLink): void {
    const { peer } = link;
    if (link.state !== "connected" || peer === undefined) return;
    const { delayMs, jitterMs } = this.#way(link, peer);
    this.#timers.after(delayMs + this.#options.random() * jitterMs, () => {
      if (this.#isCut(link, peer)) this.review(peer);
      else peer.options.host.run(() => peer.finish("remote"));
    });
  }

  makeWire(from: FakeLink): FakeWire {
    return new FakeWire({
      senderTimers: from.options.host.timers,
      timers: this.#timers,
      random: this.#options.random,
      way: () => this.#way(from, from.peer),
      isCut: () => this.#isCut(from, from.peer),
      deliver: (piece, taken) => {
        const to = from.peer;
        to?.options.host.run(() => {
          taken();
          to.take(piece);
        });
      },
    });
  }

  roundTripMs(link: FakeLink): number {
    const { delayMs, jitterMs } = this.#way(link, link.peer);
    return 2 * delayMs + jitterMs;
  }

  #makeLink(linkOptions: LinkOptions, host: FakeHost, fingerprint: string): FakeLink {
    this.#lastName += 1;
    const link = new FakeLink({
      ...linkOptions,
      name: `fake-${this.#lastName}`,
      host,
      fingerprint,
      network: this,
    });
    if (!host.isGone) this.#links.set(link.options.name, link);
    return link;
  }

  #hostOf(name: string): FakeHost {
    const host = this.#hosts.get(name) ?? new FakeHost(name, this.#timers);
    this.#hosts.set(name, host);
    return host;
  }

  #reviewAll(): void {
    for (const link of [...this.#links.values()]) this.review(link);
  }

  /** Two ends that know each other, and one of them where the other is, connect after some round trips. */
  #tryJoin(link: FakeLink, other: FakeLink | undefined): void {
    if (
      other === undefined ||
      !areAPair(link, other) ||
      !this.#canHear(link, other) ||
      !link.options.host.isRunning
    )
      return;
    const offerer = link.options.role === "offerer" ? link : other;
    if (this.#joining.has(offerer)) return;
    this.#joining.add(offerer);
    const { delayMs } = this.#way(link, other);
    this.#timers.after(6 * delayMs + (this.#options.connectMs ?? 5), () => {
      this.#joining.delete(offerer);
      if (!areAPair(link, other)) return;
      if (this.#canHear(link, other) && link.options.host.isRunning) join(link, other);
      this.review(link);
      this.review(other);
    });
  }

  /** Whether the other process would answer. */
  #canHear(link: FakeLink, other: FakeLink | undefined): boolean {
    return (
      other !== undefined &&
      other.state !== "closed" &&
      other.options.host.isRunning &&
      !this.#isCut(link, other)
    );
  }

  #watch(link: FakeLink): void {
    const { failAfterMs = 20_000 } = this.#options;
    if (this.#watches.has(link) || failAfterMs === Number.POSITIVE_INFINITY) return;
    const takeBack = link.options.host.timers.after(failAfterMs, () => link.finish("failed"));
    this.#watches.set(link, takeBack);
  }

  #unwatch(link: FakeLink): void {
    this.#watches.get(link)?.();
    this.#watches.delete(link);
  }

  #isCut(link: FakeLink, other: FakeLink | undefined): boolean {
    return other !== undefined && this.#cuts.has(pairOf(link.options.host.name, other.options.host.name));
  }

  #way(link: FakeLink, other: FakeLink | undefined): Way {
    return this.#wayBetween(link.options.host.name, other?.options.host.name ?? "");
  }

  #wayBetween(a: string, b: string): Way {
    const pair = pairOf(a, b);
    const known = this.#ways.get(pair);
    if (known !== undefined) return known;
    const { delayMs, jitterMs = 0, bytesPerSecond, loss = 0, retransmitMs = 200 } = this.#options;
    const way = { delayMs, jitterMs, bytesPerSecond, loss, retransmitMs };
    this.#ways.set(pair, way);
    return way;
  }
}

function areAPair(a: FakeLink, b: FakeLink): boolean {
  const knowEachOther = a.remoteName === b.options.name && b.remoteName === a.options.name;
  const areConnecting = a.state === "connecting" && b.state === "connecting";
  return (
    knowEachOther &&
    areConnecting &&
    a.options.role !== b.options.role &&
    (a.hasRemoteCandidate || b.hasRemoteCandidate)
  );
}

/** DTLS: both ends connect when each has the certificate that the other was told of, and break otherwise. */
function join(a: FakeLink, b: FakeLink): void {
  if (a.remoteFingerprint === b.options.fingerprint && b.remoteFingerprint === a.options.fingerprint) {
    a.connect(b);
    b.connect(a);
  } else {
    a.finish("failed");
    b.finish("failed");
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
