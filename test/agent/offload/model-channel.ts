// The two ends of a channel in memory: what is sent comes after a delay, in order, as bytes of its own.

import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Channel } from "../../../platform/contract/link.ts";
import type { Timers } from "../../../platform/contract/timers.ts";

export class ModelChannel implements Channel {
  readonly label: string;
  readonly maxMessageBytes = 65_536;
  state: "opening" | "open" | "closed" = "open";
  bufferedBytes = 0;
  /** Of everything that was ever delivered here. */
  deliveredBytes = 0;
  far!: ModelChannel;
  readonly #timers: Timers;
  readonly #delayMs: () => number;
  #lastMs = 0;
  #kept: Uint8Array[] = [];
  #onMessage: ((bytes: Uint8Array) => void) | undefined;
  #onLow: (() => void) | undefined;
  #onClose: (() => void) | undefined;

  constructor(label: string, timers: Timers, delayMs: () => number) {
    this.label = label;
    this.#timers = timers;
    this.#delayMs = delayMs;
  }

  static pair(label: string, timers: Timers, delayMs: () => number): [ModelChannel, ModelChannel] {
    const one = new ModelChannel(label, timers, delayMs);
    const other = new ModelChannel(label, timers, delayMs);
    one.far = other;
    other.far = one;
    return [one, other];
  }

  send(bytes: Uint8Array): void {
    if (this.state === "closed") throw new RemoteMediaError("peer-lost", "the channel is closed");
    if (bytes.length > this.maxMessageBytes) throw new RemoteMediaError("internal", "a message too large");
    const copy = bytes.slice();
    this.bufferedBytes += copy.length;
    const nowMs = this.#timers.monotonicMs();
    this.#lastMs = Math.max(this.#lastMs, nowMs + this.#delayMs());
    this.#timers.after(this.#lastMs - nowMs, () => {
      this.bufferedBytes -= copy.length;
      this.far.#deliver(copy);
      this.#onLow?.();
    });
  }

  #deliver(bytes: Uint8Array): void {
    if (this.state === "closed") return;
    this.deliveredBytes += bytes.length;
    if (this.#onMessage === undefined) this.#kept.push(bytes);
    else this.#onMessage(bytes);
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#onMessage = listener;
    for (const bytes of this.#kept.splice(0)) listener(bytes);
  }

  onLow(listener: () => void): void {
    this.#onLow = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.state === "closed") listener();
  }

  /** Both ends at once: what was on its way is lost. */
  close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#onClose?.();
    this.far.close();
  }
}
