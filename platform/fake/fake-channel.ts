// FakeChannel: one end of a channel of a fake link.
import { RemoteMediaError } from "../base/error.ts";
import { type Channel, lowWaterBytes } from "../contract/link.ts";
import type { Piece } from "./fake-wire.ts";

/** The link end that a channel belongs to. */
export interface ChannelHome {
  /** Calls listeners from the event loop, guarded. */
  readonly later: (callback: () => void) => void;
  readonly guarded: (callback: () => void) => void;
  readonly send: (piece: Piece) => void;
  /** Takes the channel out of the link and drops what waits. */
  readonly forget: (channel: FakeChannel) => void;
}

export interface FakeChannelOptions {
  readonly id: number;
  readonly label: string;
  readonly isOrdered: boolean;
  readonly lifetimeMs: number;
  readonly maxMessageBytes: number;
  readonly state: "opening" | "open";
}

const nothing = new Uint8Array(0);

export class FakeChannel implements Channel {
  readonly #home: ChannelHome;
  readonly #options: FakeChannelOptions;
  #state: "opening" | "open" | "closed";
  #bufferedBytes = 0;
  #sent = 0;
  #expected = 0;
  readonly #ahead = new Map<number, Piece>();
  readonly #early: Uint8Array[] = [];
  readonly #kept: Uint8Array[] = [];
  #keepsUntilDrained = true;
  #messageListener: ((bytes: Uint8Array) => void) | undefined;
  readonly #lowListeners: (() => void)[] = [];
  readonly #closeListeners: (() => void)[] = [];

  constructor(home: ChannelHome, options: FakeChannelOptions) {
    this.#home = home;
    this.#options = options;
    this.#state = options.state;
  }

  get id(): number {
    return this.#options.id;
  }

  get label(): string {
    return this.#options.label;
  }

  get state(): "opening" | "open" | "closed" {
    return this.#state;
  }

  get maxMessageBytes(): number {
    return this.#options.maxMessageBytes;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#state === "closed")
      throw new RemoteMediaError("peer-lost", `The channel "${this.label}" is closed.`);
    if (bytes.length > this.maxMessageBytes) {
      throw new RemoteMediaError(
        "internal",
        `A message of ${bytes.length} bytes is too large for the channel "${this.label}".`,
      );
    }
    const copy = bytes.slice();
    this.#bufferedBytes += copy.length;
    if (this.#state === "opening") this.#early.push(copy);
    else this.#sendData(copy);
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#messageListener = listener;
    if (!this.#keepsUntilDrained) return;
    this.#home.later(() => this.#giveKept());
  }

  onLow(listener: () => void): void {
    this.#lowListeners.push(listener);
  }

  onClose(listener: () => void): void {
    if (this.#state === "closed") this.#home.later(listener);
    else this.#closeListeners.push(listener);
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#home.forget(this);
    this.#sendHead("close");
    this.end();
  }

  /** The link has ended, or one end closed the channel. */
  end(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#bufferedBytes = 0;
    this.#early.length = 0;
    this.#ahead.clear();
    for (const listener of this.#closeListeners.splice(0)) this.#home.later(listener);
  }

  /** The link is connected: asks the other end for the channel. */
  askOpening(): void {
    this.#sendHead("open");
  }

  /** The other end has asked for the channel, which was its first piece. */
  acceptOpening(): void {
    this.#expected = 1;
    this.#sendHead("opened");
  }

  /** A piece has arrived; an ordered channel takes it when its turn comes. */
  take(piece: Piece): void {
    if (this.#state === "closed") return;
    if (piece.sequence === undefined) {
      this.#takeNext(piece);
      return;
    }
    this.#ahead.set(piece.sequence, piece);
    for (
      let next = this.#ahead.get(this.#expected);
      next !== undefined;
      next = this.#ahead.get(this.#expected)
    ) {
      this.#ahead.delete(this.#expected);
      this.#expected += 1;
      this.#takeNext(next);
    }
  }

  #takeNext(piece: Piece): void {
    if (piece.kind === "data") this.#giveMessage(piece.bytes);
    else if (piece.kind === "opened") this.#becomeOpen();
    else if (piece.kind === "close") {
      this.#home.forget(this);
      this.end();
    }
  }

  #becomeOpen(): void {
    if (this.#state !== "opening") return;
    this.#state = "open";
    for (const bytes of this.#early.splice(0)) this.#sendData(bytes);
  }

  #giveMessage(bytes: Uint8Array): void {
    const listener = this.#messageListener;
    if (this.#keepsUntilDrained || listener === undefined) this.#kept.push(bytes);
    else this.#home.guarded(() => listener(bytes));
  }

  #giveKept(): void {
    this.#keepsUntilDrained = false;
    for (const bytes of this.#kept.splice(0)) this.#giveMessage(bytes);
  }

  #sendData(bytes: Uint8Array): void {
    const { id, label, isOrdered, lifetimeMs } = this.#options;
    this.#home.send({
      channel: id,
      sequence: undefined,
      stamp: isOrdered ? () => this.#nextSequence() : undefined,
      kind: "data",
      bytes,
      label,
      isOrdered,
      lifetimeMs: isOrdered ? undefined : lifetimeMs,
      onDeparted: () => this.#drained(bytes.length),
    });
  }

  #sendHead(kind: "open" | "opened" | "close"): void {
    const { id, label, isOrdered } = this.#options;
    this.#home.send({
      channel: id,
      sequence: undefined,
      stamp: () => this.#nextSequence(),
      kind,
      bytes: nothing,
      label,
      isOrdered,
      lifetimeMs: undefined,
      onDeparted: undefined,
    });
  }

  #nextSequence(): number {
    this.#sent += 1;
    return this.#sent - 1;
  }

  #drained(bytes: number): void {
    const before = this.#bufferedBytes;
    this.#bufferedBytes = Math.max(0, before - bytes);
    if (before <= lowWaterBytes || this.#bufferedBytes > lowWaterBytes) return;
    for (const listener of this.#lowListeners) this.#home.guarded(listener);
  }
}
