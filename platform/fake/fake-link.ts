// FakeLink: one end of a link within this process.
import { RemoteMediaError } from "../base/error.ts";
import type {
  Channel,
  ChannelOptions,
  Link,
  LinkEnd,
  LinkOptions,
  LinkSignal,
  LinkStatistics,
} from "../contract/link.ts";
import { type ChannelHome, FakeChannel } from "./fake-channel.ts";
import type { FakeHost } from "./fake-host.ts";
import { parseFakeSdp, writeFakeSdp } from "./fake-sdp.ts";
import type { FakeWire, Piece } from "./fake-wire.ts";

/** The network that a link end lies in. */
export interface LinkNetwork {
  readonly maxMessageBytes: number;
  /** Something has changed by which two ends may connect, or lose each other. */
  readonly review: (link: FakeLink) => void;
  /** Tells the other end that this one has closed. */
  readonly tellClosed: (link: FakeLink) => void;
  readonly makeWire: (from: FakeLink) => FakeWire;
  readonly roundTripMs: (link: FakeLink) => number;
}

export interface FakeLinkOptions extends LinkOptions {
  /** The end's name in its ICE. */
  readonly name: string;
  readonly fingerprint: string;
  readonly host: FakeHost;
  readonly network: LinkNetwork;
}

const encoder = new TextEncoder();

export class FakeLink implements Link {
  readonly options: FakeLinkOptions;
  /** ICE name of the other end, from its description. */
  remoteName: string | undefined;
  hasRemoteCandidate = false;
  /** The other end, once connected. */
  peer: FakeLink | undefined;
  wire: FakeWire | undefined;
  #state: "connecting" | "connected" | "closed" = "connecting";
  #end: LinkEnd | undefined;
  #remoteFingerprint: string | undefined;
  #hasOffered = false;
  #lastChannel: number;
  #bytesSent = 0;
  #bytesReceived = 0;
  readonly #home: ChannelHome;
  readonly #channels = new Map<number, FakeChannel>();
  /** Channels' closings that overtook their openings. */
  readonly #orphans = new Map<number, Piece>();
  readonly #kept: Channel[] = [];
  #keepsChannels = true;
  #channelListener: ((channel: Channel) => void) | undefined;
  readonly #connectedListeners: (() => void)[] = [];
  readonly #endListeners: ((end: LinkEnd) => void)[] = [];

  constructor(options: FakeLinkOptions) {
    this.options = options;
    // As with DTLS roles: one end opens even channels, the other odd ones, so that they never meet.
    this.#lastChannel = options.role === "offerer" ? -2 : -1;
    this.#home = {
      later: (callback) => this.#later(callback),
      guarded: (callback) => this.#guarded(callback),
      send: (piece) => this.#send(piece),
      forget: (channel) => this.#forget(channel),
    };
  }

  get state(): "connecting" | "connected" | "closed" {
    return this.#state;
  }

  get remoteFingerprint(): string | undefined {
    return this.#remoteFingerprint;
  }

  accept(signal: LinkSignal): void {
    if (this.#state === "closed") return;
    if (signal.kind === "candidate") this.#acceptCandidate(signal.candidate, signal.mid);
    else this.#acceptDescription(signal.kind, signal.sdp);
    this.options.network.review(this);
  }

  openChannel({ label, ordered = true, lifetimeMs = 0 }: ChannelOptions): Channel {
    if (this.#state === "closed") throw new RemoteMediaError("peer-lost", "The link is closed.");
    if (encoder.encode(label).length > 255)
      throw new RemoteMediaError("internal", "The label is longer than 255 bytes.");
    this.#lastChannel += 2;
    const channel = this.#addChannel({
      id: this.#lastChannel,
      label,
      isOrdered: ordered,
      lifetimeMs,
      state: "opening",
    });
    if (this.#state === "connected") channel.askOpening();
    else if (this.options.role === "offerer") this.#offer();
    return channel;
  }

  onChannel(listener: (channel: Channel) => void): void {
    this.#channelListener = listener;
    if (!this.#keepsChannels) return;
    this.#later(() => {
      this.#keepsChannels = false;
      for (const channel of this.#kept.splice(0)) this.#giveChannel(channel);
    });
  }

  onConnected(listener: () => void): void {
    if (this.#state === "connected") this.#later(listener);
    else this.#connectedListeners.push(listener);
  }

  onEnd(listener: (end: LinkEnd) => void): void {
    const end = this.#end;
    if (end !== undefined) this.#later(() => listener(end));
    else this.#endListeners.push(listener);
  }

  statistics(): LinkStatistics {
    const isConnected = this.#state === "connected";
    return {
      rttMs: isConnected ? this.options.network.roundTripMs(this) : undefined,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      loss: undefined,
      localCandidate: isConnected ? "host" : undefined,
      remoteCandidate: isConnected ? "host" : undefined,
    };
  }

  close(): void {
    if (this.#state === "closed") return;
    this.options.network.tellClosed(this);
    this.finish("local");
  }

  /** The network has joined the two ends; they still have to say so. */
  connect(peer: FakeLink): void {
    if (this.#state !== "connecting") return;
    this.peer = peer;
    this.wire = this.options.network.makeWire(this);
    this.#state = "connected";
    for (const channel of this.#channels.values()) channel.askOpening();
    for (const listener of this.#connectedListeners.splice(0)) this.#guarded(listener);
  }

  /** A piece has arrived over the wire. */
  take(piece: Piece): void {
    if (this.#state !== "connected") return;
    this.#bytesReceived += piece.bytes.length;
    const channel = this.#channels.get(piece.channel);
    if (channel !== undefined) channel.take(piece);
    else if (piece.kind === "open") this.#acceptChannel(piece);
    else if (piece.kind === "close" && piece.sequence === 1) this.#orphans.set(piece.channel, piece);
  }

  finish(end: LinkEnd): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#end = end;
    this.wire?.close();
    for (const channel of this.#channels.values()) channel.end();
    this.#channels.clear();
    this.#orphans.clear();
    for (const listener of this.#endListeners.splice(0)) this.#later(() => listener(end));
    this.options.network.review(this);
  }

  #acceptDescription(kind: "offer" | "answer", sdp: string): void {
    const wanted = this.options.role === "offerer" ? "answer" : "offer";
    if (kind !== wanted) throw new RemoteMediaError("peer-invalid", `This end of the link takes no ${kind}.`);
    const description = parseFakeSdp(kind, sdp);
    // A second description would start another negotiation, which a link never has.
    if (this.remoteName !== undefined || (kind === "answer" && !this.#hasOffered)) return;
    this.remoteName = description.end;
    this.#remoteFingerprint = description.fingerprint;
    if (kind === "offer") this.#describe("answer");
  }

  #acceptCandidate(candidate: unknown, mid: unknown): void {
    const isShort = (value: unknown): value is string => typeof value === "string" && value.length <= 1024;
    if (
      !isShort(candidate) ||
      !isShort(mid) ||
      !/^candidate:\S+ 1 (udp|UDP) \d+ \S+ \d+ typ /.test(candidate)
    ) {
      throw new RemoteMediaError("peer-invalid", "The candidate isn't one.");
    }
    this.hasRemoteCandidate = true;
  }

  #offer(): void {
    if (this.#hasOffered) return;
    this.#hasOffered = true;
    this.#describe("offer");
  }

  #describe(kind: "offer" | "answer"): void {
    const { name, fingerprint, signal } = this.options;
    this.#later(() => {
      if (this.#state !== "connecting") return;
      signal(writeFakeSdp({ kind, end: name, fingerprint }));
    });
    this.#later(() => {
      if (this.#state === "connecting")
        signal({
          kind: "candidate",
          candidate: "candidate:1 1 UDP 2122317823 127.0.0.1 9 typ host",
          mid: "0",
        });
    });
  }

  #addChannel(options: {
    id: number;
    label: string;
    isOrdered: boolean;
    lifetimeMs: number;
    state: "opening" | "open";
  }): FakeChannel {
    const channel = new FakeChannel(this.#home, {
      ...options,
      maxMessageBytes: this.options.network.maxMessageBytes,
    });
    this.#channels.set(options.id, channel);
    return channel;
  }

  #acceptChannel({ channel: id, label, isOrdered, lifetimeMs = 0 }: Piece): void {
    const channel = this.#addChannel({ id, label, isOrdered, lifetimeMs, state: "open" });
    channel.acceptOpening();
    this.#giveChannel(channel);
    const closing = this.#orphans.get(id);
    if (closing === undefined) return;
    this.#orphans.delete(id);
    channel.take(closing);
  }

  #giveChannel(channel: Channel): void {
    const listener = this.#channelListener;
    if (this.#keepsChannels || listener === undefined) this.#kept.push(channel);
    else this.#guarded(() => listener(channel));
  }

  #send(piece: Piece): void {
    this.#bytesSent += piece.bytes.length;
    this.wire?.send(piece);
  }

  #forget(channel: FakeChannel): void {
    this.#channels.delete(channel.id);
    this.wire?.forget(channel.id);
  }

  #later(callback: () => void): void {
    this.options.host.timers.after(0, () => this.#guarded(callback));
  }

  #guarded(callback: () => void): void {
    try {
      callback();
    } catch {
      this.options.network.tellClosed(this);
      this.finish("failed");
    }
  }
}
