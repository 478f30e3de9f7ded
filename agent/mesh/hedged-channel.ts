// HedgedChannel: a channel that is opened before it is known which of a link's tries will carry it.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Channel, ChannelOptions } from "../../platform/contract/link.ts";

/** What every channel takes, while it isn't known what this one does. */
const leastMaxMessageBytes = 65_536;

export class HedgedChannel implements Channel {
  readonly options: ChannelOptions;
  readonly #later: (callback: () => void) => void;
  #channel: Channel | undefined;
  #isClosed = false;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #onMessage: ((bytes: Uint8Array) => void) | undefined;
  readonly #onLow: (() => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  /** @param later calls listeners from the event loop */
  constructor(options: ChannelOptions, later: (callback: () => void) => void) {
    this.options = options;
    this.#later = later;
  }

  get label(): string {
    return this.options.label;
  }

  get state(): Channel["state"] {
    if (this.#channel !== undefined) return this.#channel.state;
    return this.#isClosed ? "closed" : "opening";
  }

  get maxMessageBytes(): number {
    return this.#channel?.maxMessageBytes ?? leastMaxMessageBytes;
  }

  get bufferedBytes(): number {
    return this.#channel?.bufferedBytes ?? this.#earlyBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#channel !== undefined) {
      this.#channel.send(bytes);
      return;
    }
    if (this.#isClosed) throw new RemoteMediaError("peer-lost", `the channel ${this.label} is closed`);
    if (bytes.length > leastMaxMessageBytes) {
      throw new RemoteMediaError("internal", `a message of ${bytes.length} bytes is too large`);
    }
    this.#early.push(bytes.slice());
    this.#earlyBytes += bytes.length;
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    if (this.#channel === undefined) this.#onMessage = listener;
    else this.#channel.onMessage(listener);
  }

  onLow(listener: () => void): void {
    if (this.#channel === undefined) this.#onLow.push(listener);
    else this.#channel.onLow(listener);
  }

  onClose(listener: () => void): void {
    if (this.#channel !== undefined) this.#channel.onClose(listener);
    else if (this.#isClosed) this.#later(listener);
    else this.#onClose.push(listener);
  }

  close(): void {
    if (this.#channel !== undefined) this.#channel.close();
    else this.end();
  }

  /** The try is known: what was asked for and said so far goes there. */
  bind(open: (options: ChannelOptions) => Channel): void {
    if (this.#isClosed) return;
    const channel = open(this.options);
    this.#channel = channel;
    if (this.#onMessage !== undefined) channel.onMessage(this.#onMessage);
    for (const listener of this.#onLow) channel.onLow(listener);
    for (const listener of this.#onClose) channel.onClose(listener);
    for (const bytes of this.#early.splice(0)) channel.send(bytes);
  }

  /** The link has ended before any try was known. */
  end(): void {
    if (this.#isClosed || this.#channel !== undefined) return;
    this.#isClosed = true;
    this.#early = [];
    this.#earlyBytes = 0;
    for (const listener of this.#onClose.splice(0)) this.#later(listener);
  }
}
