// FakeWire: one direction of a fake link. Takes pieces, keeps them while the way is full, and lets them arrive late.
import type { Timers } from "../contract/timers.ts";

/** What travels between the two ends of a link. */
export interface Piece {
  readonly channel: number;
  /** Place in the channel's order; undefined for a message of an unordered channel. */
  sequence: number | undefined;
  /** Numbers the piece when it leaves: what is dropped before leaves no gap. */
  readonly stamp: (() => number) | undefined;
  readonly kind: "open" | "opened" | "data" | "close";
  readonly bytes: Uint8Array;
  readonly label: string;
  readonly isOrdered: boolean;
  /** How long it is sent again, in ms; undefined: until it arrives. */
  readonly lifetimeMs: number | undefined;
  /** Called when it leaves the sender's buffer. */
  readonly onDeparted: (() => void) | undefined;
}

/** How a way is, as it may change while links run. */
export interface Way {
  delayMs: number;
  jitterMs: number;
  bytesPerSecond: number | undefined;
  /** Share of pieces that are lost and sent again after `retransmitMs`, 0 to 1. */
  loss: number;
  retransmitMs: number;
}

export interface WireOptions {
  /** The timers of the sender's host. */
  readonly senderTimers: Timers;
  /** The network's: what is under way arrives whoever sent it. */
  readonly timers: Timers;
  readonly random: () => number;
  readonly way: () => Way;
  readonly isCut: () => boolean;
  /** Gives a piece to the other end, which calls `taken` when it has it. */
  readonly deliver: (piece: Piece, taken: () => void) => void;
}

/** What may be under way unacknowledged, in bytes: the receive window of SCTP. */
const windowBytes = 1024 * 1024;
/** What a piece weighs besides its bytes. */
const headBytes = 28;

export class FakeWire {
  readonly #options: WireOptions;
  readonly #queue: Piece[] = [];
  readonly #lost: Piece[] = [];
  readonly #acknowledged: { atMs: number; bytes: number }[] = [];
  #inFlightBytes = 0;
  #freeAtMs = 0;
  #pumpAtMs: number | undefined;
  #isClosed = false;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  send(piece: Piece): void {
    if (this.#isClosed) return;
    this.#queue.push(piece);
    this.#pumpAfter(0);
  }

  /** Forgets what waits of a channel that has closed. */
  forget(channel: number): void {
    const kept = this.#queue.filter((piece) => piece.channel !== channel);
    this.#queue.splice(0, this.#queue.length, ...kept);
  }

  /** What was under way when the way was cut is sent again. */
  heal(): void {
    for (const piece of this.#lost.splice(0)) this.#sendAgain(piece, 0);
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#lost.length = 0;
  }

  #pumpAfter(ms: number): void {
    const { senderTimers } = this.#options;
    const atMs = senderTimers.monotonicMs() + ms;
    if (this.#pumpAtMs !== undefined && this.#pumpAtMs <= atMs) return;
    this.#pumpAtMs = atMs;
    senderTimers.after(ms, () => {
      if (this.#pumpAtMs !== atMs) return;
      this.#pumpAtMs = undefined;
      this.#pump();
    });
  }

  #pump(): void {
    const nowMs = this.#options.senderTimers.monotonicMs();
    this.#countAcknowledged(nowMs);
    for (;;) {
      const piece = this.#queue[0];
      if (piece === undefined) return;
      const size = piece.bytes.length + headBytes;
      if (this.#inFlightBytes > 0 && this.#inFlightBytes + size > windowBytes) {
        const next = this.#acknowledged[0];
        if (next !== undefined) this.#pumpAfter(next.atMs - nowMs);
        return;
      }
      if (this.#freeAtMs > nowMs) {
        this.#pumpAfter(this.#freeAtMs - nowMs);
        return;
      }
      this.#queue.shift();
      this.#depart(piece, size, nowMs);
    }
  }

  #countAcknowledged(nowMs: number): void {
    for (
      let next = this.#acknowledged[0];
      next !== undefined && next.atMs <= nowMs;
      next = this.#acknowledged[0]
    ) {
      this.#acknowledged.shift();
      this.#inFlightBytes -= next.bytes;
    }
  }

  #depart(piece: Piece, size: number, nowMs: number): void {
    const { bytesPerSecond } = this.#options.way();
    piece.sequence = piece.stamp?.();
    this.#inFlightBytes += size;
    this.#freeAtMs = nowMs + (bytesPerSecond === undefined ? 0 : (size / bytesPerSecond) * 1000);
    this.#travel(piece, this.#freeAtMs - nowMs);
    piece.onDeparted?.();
  }

  #travel(piece: Piece, extraMs: number): void {
    const { timers, random, way } = this.#options;
    const { delayMs, jitterMs } = way();
    const jitter = jitterMs > 0 ? random() * jitterMs : 0;
    timers.after(extraMs + delayMs + jitter, () => this.#arrive(piece));
  }

  #arrive(piece: Piece): void {
    const { isCut, deliver, senderTimers, way, random } = this.#options;
    if (isCut()) {
      if (!this.#isClosed) this.#lost.push(piece);
      return;
    }
    const { loss } = way();
    if (loss > 0 && random() < loss) {
      this.#sendAgain(piece, this.#options.way().delayMs);
      return;
    }
    deliver(piece, () => {
      this.#acknowledged.push({
        atMs: senderTimers.monotonicMs() + way().delayMs,
        bytes: piece.bytes.length + headBytes,
      });
      if (this.#queue.length > 0) this.#pumpAfter(way().delayMs);
    });
  }

  #sendAgain(piece: Piece, noticedMs: number): void {
    const { retransmitMs } = this.#options.way();
    const waitMs = noticedMs + retransmitMs * (1 + this.#options.random());
    if (piece.lifetimeMs !== undefined && piece.lifetimeMs < waitMs) {
      this.#inFlightBytes -= piece.bytes.length + headBytes;
      if (this.#queue.length > 0) this.#pumpAfter(0);
      return;
    }
    this.#travel(piece, waitMs);
  }
}
