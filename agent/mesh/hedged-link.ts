// HedgedLink: one link over several tries of it, of which the first to connect carries everything.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type {
  Channel,
  ChannelOptions,
  Link,
  LinkEnd,
  LinkMaker,
  LinkOptions,
  LinkSignal,
  LinkStatistics,
} from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import { HedgedChannel } from "./hedged-channel.ts";
import { markSignal, maxTries, readMark } from "./try-mark.ts";

export interface HedgedLinkOptions extends LinkOptions {
  readonly maker: LinkMaker;
  readonly timers: Timers;
  /** When later tries begin, in ms after the first. */
  readonly afterMs: readonly number[];
}

/** The channel that lets a try negotiate. That any other is opened on a try tells the answerer that the offerer has chosen it. */
const tryLabel = "remotemedia-try";

export class HedgedLink implements Link {
  readonly #options: HedgedLinkOptions;
  readonly #tries = new Map<number, Link>();
  readonly #takeBacks: (() => void)[] = [];
  readonly #channels: HedgedChannel[] = [];
  readonly #arrived: Channel[] = [];
  readonly #connected: (() => void)[] = [];
  readonly #ends: ((end: LinkEnd) => void)[] = [];
  #channelListener: ((channel: Channel) => void) | undefined;
  /** Tries that are planned and have not begun. */
  #waiting = 0;
  /** The last try that has begun. */
  #begun = 0;
  #winner: Link | undefined;
  #end: LinkEnd | undefined;
  #last: LinkStatistics | undefined;

  constructor(options: HedgedLinkOptions) {
    this.#options = options;
    if (options.role === "answerer") this.#try(0);
  }

  get state(): Link["state"] {
    if (this.#end !== undefined) return "closed";
    return this.#winner === undefined ? "connecting" : "connected";
  }

  get remoteFingerprint(): string | undefined {
    return (this.#winner ?? this.#tries.get(0))?.remoteFingerprint;
  }

  accept(marked: LinkSignal): void {
    const { attempt, signal } = readMark(marked);
    if (this.#end !== undefined) return;
    let link = this.#tries.get(attempt);
    if (link === undefined && this.#options.role === "answerer" && this.#winner === undefined)
      link = this.#try(attempt);
    if (link === undefined && attempt === 0 && this.#tries.size === 0) {
      throw new RemoteMediaError("peer-invalid", "the link has offered nothing yet");
    }
    link?.accept(signal);
  }

  openChannel(options: ChannelOptions): Channel {
    if (this.#end !== undefined) throw new RemoteMediaError("peer-lost", "the link is closed");
    if (this.#winner !== undefined) return this.#winner.openChannel(options);
    const channel = new HedgedChannel(options, (callback) => this.#later(callback));
    this.#channels.push(channel);
    if (this.#options.role === "offerer" && this.#tries.size === 0) this.#race();
    return channel;
  }

  onChannel(listener: (channel: Channel) => void): void {
    this.#channelListener = listener;
    for (const channel of this.#arrived.splice(0)) this.#later(() => listener(channel));
  }

  onConnected(listener: () => void): void {
    if (this.state === "connected") this.#later(listener);
    else this.#connected.push(listener);
  }

  onEnd(listener: (end: LinkEnd) => void): void {
    const end = this.#end;
    if (end === undefined) this.#ends.push(listener);
    else this.#later(() => listener(end));
  }

  statistics(): LinkStatistics {
    const link = this.#winner ?? this.#tries.get(0);
    return link?.statistics() ?? this.#last ?? nothingKnown;
  }

  close(): void {
    this.#finish("local");
  }

  #race(): void {
    const { timers, afterMs } = this.#options;
    const later = afterMs.slice(0, maxTries - 1);
    this.#waiting = later.length;
    this.#try(0);
    for (const ms of later) this.#takeBacks.push(timers.after(ms, () => this.#tryNext()));
  }

  /** The next try that was planned, where it has not begun already. */
  #tryNext(): void {
    if (this.#waiting === 0 || this.state !== "connecting") return;
    this.#waiting -= 1;
    this.#begun += 1;
    this.#try(this.#begun);
  }

  #try(attempt: number): Link {
    const { maker, role, signal } = this.#options;
    const link = maker.makeLink({
      role,
      signal: (plain) => {
        if (this.#end === undefined && (this.#winner ?? link) === link) signal(markSignal(plain, attempt));
      },
    });
    this.#tries.set(attempt, link);
    link.onEnd((end) => this.#lose(attempt, link, end));
    link.onChannel((channel) => this.#take(link, channel));
    if (role === "offerer") {
      const channel = link.openChannel({ label: tryLabel });
      link.onConnected(() => this.#chooseOnceOpen(link, channel));
    }
    return link;
  }

  /** A channel that is made while libdatachannel opens those that were made before may be lost: so not before ours is open. */
  #chooseOnceOpen(link: Link, channel: Channel): void {
    if (channel.state === "open") this.#choose(link);
    else if (channel.state === "opening" && this.state === "connecting") {
      this.#options.timers.after(1, () => this.#chooseOnceOpen(link, channel));
    }
  }

  #take(link: Link, channel: Channel): void {
    if (channel.label === tryLabel) return;
    this.#choose(link);
    if (this.#winner !== link) return;
    const listener = this.#channelListener;
    if (listener === undefined) this.#arrived.push(channel);
    else listener(channel);
  }

  #choose(link: Link): void {
    if (this.#winner !== undefined || this.#end !== undefined) return;
    this.#winner = link;
    this.#stopTrying();
    for (const [attempt, other] of this.#tries) {
      if (other === link) continue;
      this.#tries.delete(attempt);
      other.close();
    }
    for (const channel of this.#channels.splice(0)) channel.bind((options) => link.openChannel(options));
    for (const listener of this.#connected.splice(0)) listener();
  }

  #lose(attempt: number, link: Link, end: LinkEnd): void {
    if (this.#tries.get(attempt) !== link) return;
    this.#last = link.statistics();
    this.#tries.delete(attempt);
    if (this.#winner === link || (this.#tries.size === 0 && this.#waiting === 0)) this.#finish(end);
    // A try that has failed is not waited for: now and then libdatachannel refuses a certificate whose fingerprint it is just storing.
    else if (this.#tries.size === 0) this.#tryNext();
  }

  #stopTrying(): void {
    for (const takeBack of this.#takeBacks.splice(0)) takeBack();
    this.#waiting = 0;
  }

  #finish(end: LinkEnd): void {
    if (this.#end !== undefined) return;
    this.#last = this.statistics();
    this.#end = end;
    this.#stopTrying();
    for (const link of this.#tries.values()) link.close();
    for (const channel of this.#channels.splice(0)) channel.end();
    for (const listener of this.#ends.splice(0)) this.#later(() => listener(end));
  }

  #later(callback: () => void): void {
    this.#options.timers.after(0, () => {
      try {
        callback();
      } catch {
        this.#finish("failed");
      }
    });
  }
}

const nothingKnown: LinkStatistics = {
  rttMs: undefined,
  bytesSent: 0,
  bytesReceived: 0,
  loss: undefined,
  localCandidate: undefined,
  remoteCandidate: undefined,
};
