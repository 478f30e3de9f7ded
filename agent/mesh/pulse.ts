// Pulse: whether the other end lives. It is spoken to four times a second, and a second of silence is its death.
import type { Timers } from "../../platform/contract/timers.ts";
import { heartbeatMs, silenceMs } from "../protocol/bounds.ts";

interface PulseEvents {
  ping(count: number): void;
  /** Of the whole link: what is on its way on another channel is a sign of life too. */
  bytesReceived(): number;
  onDead(): void;
}

/** How much of a new measurement goes into the smoothed round trip. @see RFC 6298, section 2 */
const smoothing = 1 / 8;

export class Pulse {
  readonly #timers: Timers;
  readonly #events: PulseEvents;
  /** When the pings were sent that nobody has answered. */
  readonly #sent = new Map<number, number>();
  #count = 0;
  #heardMs = 0;
  #seenBytes = 0;
  #rttMs: number | undefined;
  #cancel = () => {};

  constructor(timers: Timers, events: PulseEvents) {
    this.#timers = timers;
    this.#events = events;
  }

  /** Smoothed, in ms. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  start(): void {
    this.heard();
    this.#beat();
  }

  stop(): void {
    this.#cancel();
    this.#sent.clear();
  }

  heard(): void {
    this.#heardMs = this.#timers.monotonicMs();
  }

  answered(count: number): void {
    const sentMs = this.#sent.get(count);
    if (sentMs === undefined) return;
    this.#sent.delete(count);
    const rttMs = this.#timers.monotonicMs() - sentMs;
    this.#rttMs = this.#rttMs === undefined ? rttMs : this.#rttMs + (rttMs - this.#rttMs) * smoothing;
  }

  #beat(): void {
    const nowMs = this.#timers.monotonicMs();
    this.#count += 1;
    this.#sent.set(this.#count, nowMs);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > 16 && oldest !== undefined) this.#sent.delete(oldest);
    try {
      this.#events.ping(this.#count);
    } catch {
      // Nothing leaves any more: silence will tell.
    }
    // The look comes no later than the moment at which the silence is long enough.
    const untilDeadMs = this.#heardMs + silenceMs - nowMs;
    const waitMs = Math.max(1, Math.min(heartbeatMs, untilDeadMs));
    this.#cancel = this.#timers.after(waitMs, () => this.#look(nowMs + waitMs));
  }

  #look(dueMs: number): void {
    const nowMs = this.#timers.monotonicMs();
    const bytes = this.#events.bytesReceived();
    if (bytes !== this.#seenBytes) {
      this.#seenBytes = bytes;
      this.#heardMs = nowMs;
    }
    // Time in which this process didn't look isn't the other's silence: what it sent meanwhile is yet to be read.
    const lateMs = nowMs - dueMs;
    if (lateMs > heartbeatMs / 2) this.#heardMs += lateMs;
    if (nowMs - this.#heardMs >= silenceMs) this.#events.onDead();
    else this.#beat();
  }
}
