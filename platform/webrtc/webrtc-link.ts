// A link over one of libdatachannel's peer connections. Whatever is called from native code is guarded: what escapes there ends the process.
import type { DataChannel, PeerConnection } from "node-datachannel";
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
import type { Timers } from "../contract/timers.ts";
import { parseSignal } from "./parse-signal.ts";
import { WebrtcChannel } from "./webrtc-channel.ts";

/** Candidates that may wait for their description. */
const maxWaiting = 64;
/** Channels that one link may have at a time. */
const maxChannels = 1024;

/** A link that isn't connected by then never will be: ICE itself gives up after some 30 s, but only once it has begun. */
const connectMs = 45_000;
/** The other end's goodbye is told as `disconnected` first, and at once as `closed`. */
const goodbyeMs = 1000;

export interface WebrtcLinkOptions extends LinkOptions {
  readonly timers: Timers;
  readonly onGone: () => void;
}

export class WebrtcLink implements Link {
  readonly #connection: PeerConnection;
  readonly #options: WebrtcLinkOptions;
  /** Held: a channel that JavaScript doesn't hold is collected and closed. */
  readonly #channels = new Set<WebrtcChannel>();
  readonly #arrived: Channel[] = [];
  readonly #waiting: { candidate: string; mid: string }[] = [];
  readonly #connected: (() => void)[] = [];
  readonly #ends: ((end: LinkEnd) => void)[] = [];
  #channelListener: ((channel: Channel) => void) | undefined;
  #hasRemote = false;
  #hasOffered = false;
  #state: Link["state"] = "connecting";
  #end: LinkEnd | undefined;
  #fingerprint: string | undefined;
  #stopWaiting: () => void;
  #last: LinkStatistics = {
    rttMs: undefined,
    bytesSent: 0,
    bytesReceived: 0,
    loss: undefined,
    localCandidate: undefined,
    remoteCandidate: undefined,
  };

  constructor(connection: PeerConnection, options: WebrtcLinkOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#stopWaiting = options.timers.after(connectMs, () => this.#finish("failed"));
    connection.onLocalDescription((sdp, type) => {
      if (type === "offer" || type === "answer") this.#signal({ kind: type, sdp });
    });
    connection.onLocalCandidate((candidate, mid) => this.#signal({ kind: "candidate", candidate, mid }));
    connection.onStateChange((state) => this.#later(() => this.#changed(state)));
    connection.onDataChannel((channel) => this.#take(channel));
  }

  get state(): Link["state"] {
    return this.#state;
  }

  get remoteFingerprint(): string | undefined {
    return this.#fingerprint;
  }

  accept(signal: LinkSignal): void {
    const parsed = parseSignal(signal, this.#options.role);
    if (this.#end !== undefined) return;
    // Not inside the other side's callback: descriptions that are applied there meet a transport that isn't up yet.
    this.#later(() => {
      try {
        this.#apply(parsed);
      } catch {
        // Refused by the library: nothing of it holds, and the link comes to its end by its owner's patience.
      }
    });
  }

  openChannel({ label, ordered = true, lifetimeMs = 0 }: ChannelOptions): Channel {
    if (this.#end !== undefined) throw new RemoteMediaError("peer-lost", "the link is closed");
    if (this.#channels.size >= maxChannels) {
      throw new RemoteMediaError("peer-busy", `a link has at most ${maxChannels} channels`);
    }
    if (new TextEncoder().encode(label).length > 255) {
      throw new RemoteMediaError("internal", "a channel's label has at most 255 bytes");
    }
    const native = this.#connection.createDataChannel(
      label,
      ordered ? {} : { unordered: true, maxPacketLifeTime: lifetimeMs },
    );
    const channel = this.#hold(native, label);
    if (this.#options.role === "offerer" && !this.#hasOffered) {
      this.#hasOffered = true;
      this.#later(() => {
        if (this.#end === undefined) this.#connection.setLocalDescription("offer");
      });
    }
    return channel;
  }

  onChannel(listener: (channel: Channel) => void): void {
    this.#channelListener = listener;
    for (const channel of this.#arrived.splice(0)) this.#later(() => listener(channel));
  }

  onConnected(listener: () => void): void {
    if (this.#state === "connected") this.#later(listener);
    else this.#connected.push(listener);
  }

  onEnd(listener: (end: LinkEnd) => void): void {
    const end = this.#end;
    if (end === undefined) this.#ends.push(listener);
    else this.#later(() => listener(end));
  }

  statistics(): LinkStatistics {
    if (this.#end === undefined) this.#last = this.#measure();
    return this.#last;
  }

  close(): void {
    this.#finish("local");
  }

  #apply(signal: LinkSignal): void {
    if (this.#end !== undefined) return;
    if (signal.kind === "candidate") {
      if (this.#hasRemote) this.#connection.addRemoteCandidate(signal.candidate, signal.mid);
      else if (this.#waiting.length < maxWaiting) this.#waiting.push(signal);
      return;
    }
    // A second description would start another negotiation, which a link never has.
    if (this.#hasRemote || (signal.kind === "answer" && !this.#hasOffered)) return;
    const { kind, sdp } = signal;
    // The answerer lets the offerer begin DTLS: an answerer that begins, as it does by default, speaks before the offerer has its answer,
    // and repeats itself only after a second.
    this.#connection.setRemoteDescription(
      kind === "offer" ? sdp.replace("a=setup:actpass", "a=setup:active") : sdp,
      kind,
    );
    this.#hasRemote = true;
    if (kind === "offer") this.#connection.setLocalDescription("answer");
    for (const { candidate, mid } of this.#waiting.splice(0)) {
      try {
        this.#connection.addRemoteCandidate(candidate, mid);
      } catch {
        // One candidate less.
      }
    }
  }

  #changed(state: string): void {
    if (state === "connected" && this.#state === "connecting") {
      this.#state = "connected";
      this.#stopWaiting();
      this.#fingerprint = this.#connection.remoteFingerprint().value.toUpperCase();
      for (const listener of this.#connected.splice(0)) listener();
    } else if (state === "closed") this.#finish("remote");
    else if (state === "failed") this.#finish("failed");
    else if (state === "disconnected") {
      this.#stopWaiting();
      this.#stopWaiting = this.#options.timers.after(goodbyeMs, () => this.#finish("failed"));
    }
  }

  #take(native: DataChannel): void {
    const channel = this.#hold(native, native.getLabel());
    if (this.#channels.size > maxChannels) {
      this.#finish("failed");
      return;
    }
    const listener = this.#channelListener;
    if (listener === undefined) this.#arrived.push(channel);
    else this.#later(() => listener(channel));
  }

  #hold(native: DataChannel, label: string): WebrtcChannel {
    const channel: WebrtcChannel = new WebrtcChannel(native, label, {
      later: (callback) => this.#later(callback),
      onGone: () => this.#channels.delete(channel),
    });
    this.#channels.add(channel);
    return channel;
  }

  #signal(signal: LinkSignal): void {
    this.#later(() => {
      if (this.#end === undefined) this.#options.signal(signal);
    });
  }

  /** Runs it from the event loop, in the order of the calls; what it throws ends this link and nothing else. */
  #later(callback: () => void): void {
    setImmediate(() => {
      try {
        callback();
      } catch {
        this.#finish("failed");
      }
    });
  }

  #measure(): LinkStatistics {
    const pair = this.#state === "connected" ? this.#connection.getSelectedCandidatePair() : null;
    const rttMs = this.#connection.rtt();
    return {
      // Before it has measured anything it says -1 or 0.
      rttMs: rttMs > 0 ? rttMs : undefined,
      bytesSent: this.#connection.bytesSent(),
      bytesReceived: this.#connection.bytesReceived(),
      loss: undefined,
      localCandidate: pair?.local.type,
      remoteCandidate: pair?.remote.type,
    };
  }

  #finish(end: LinkEnd): void {
    if (this.#end !== undefined) return;
    this.statistics();
    this.#stopWaiting();
    this.#end = end;
    this.#state = "closed";
    for (const channel of [...this.#channels]) channel.ended();
    try {
      this.#connection.close();
    } catch {
      // It was gone already.
    }
    this.#options.onGone();
    for (const listener of this.#ends.splice(0)) this.#later(() => listener(end));
  }
}
