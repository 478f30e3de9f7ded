// A channel over one of libdatachannel's.
import type { DataChannel } from "node-datachannel";
import { RemoteMediaError } from "../base/error.ts";
import { type Channel, lowWaterBytes } from "../contract/link.ts";

/** What may wait for a listener, or for the channel to open. */
const maxKeptBytes = 16 * 1024 * 1024;
/** Before the other end's limit is known: what every end takes. */
const leastMaxMessageBytes = 65_536;

interface Surroundings {
  /** Calls back from the event loop, guarded. */
  later(callback: () => void): void;
  onGone(): void;
}

export class WebrtcChannel implements Channel {
  readonly label: string;
  readonly #native: DataChannel;
  readonly #around: Surroundings;
  readonly #kept: Uint8Array[] = [];
  readonly #unsent: Uint8Array[] = [];
  readonly #closes: (() => void)[] = [];
  readonly #lows: (() => void)[] = [];
  #keptBytes = 0;
  #unsentBytes = 0;
  #listener: ((bytes: Uint8Array) => void) | undefined;
  #state: Channel["state"];

  constructor(native: DataChannel, label: string, around: Surroundings) {
    this.label = label;
    this.#native = native;
    this.#around = around;
    this.#state = native.isOpen() ? "open" : "opening";
    native.setBufferedAmountLowThreshold(lowWaterBytes);
    native.onOpen(() => around.later(() => this.#opened()));
    native.onClosed(() => around.later(() => this.ended()));
    native.onError(() => {});
    native.onBufferedAmountLow(() => around.later(() => this.#low()));
    native.onMessage((message) => {
      const bytes = typeof message === "string" ? new TextEncoder().encode(message) : new Uint8Array(message);
      around.later(() => this.#came(bytes));
    });
  }

  get state(): Channel["state"] {
    return this.#state;
  }

  get maxMessageBytes(): number {
    return this.#state === "open" ? this.#native.maxMessageSize() : leastMaxMessageBytes;
  }

  get bufferedBytes(): number {
    return this.#state === "open" ? this.#native.bufferedAmount() : this.#unsentBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#state === "closed")
      throw new RemoteMediaError("peer-lost", `the channel ${this.label} is closed`);
    if (bytes.length > this.maxMessageBytes) {
      throw new RemoteMediaError(
        "internal",
        `a message of ${bytes.length} bytes is too large for its channel`,
      );
    }
    if (this.#state === "opening") {
      this.#unsent.push(bytes.slice());
      this.#unsentBytes += bytes.length;
      return;
    }
    this.#write(bytes);
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#around.later(() => {
      this.#listener = listener;
      this.#keptBytes = 0;
      // By one callback, so that what comes meanwhile stays behind what was kept.
      for (const bytes of this.#kept.splice(0)) listener(bytes);
    });
  }

  onLow(listener: () => void): void {
    this.#lows.push(listener);
  }

  onClose(listener: () => void): void {
    if (this.#state === "closed") this.#around.later(listener);
    else this.#closes.push(listener);
  }

  close(): void {
    if (this.#state === "closed") return;
    try {
      this.#native.close();
    } catch {
      // It was gone already.
    }
    this.#kept.length = 0;
    this.ended();
  }

  /** The link's end, or the other side's: nothing more comes. Idempotent. */
  ended(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#unsent.length = 0;
    this.#unsentBytes = 0;
    this.#around.onGone();
    for (const listener of this.#closes.splice(0)) this.#around.later(listener);
  }

  #opened(): void {
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.#unsentBytes = 0;
    for (const bytes of this.#unsent.splice(0)) this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#native.sendMessageBinary(bytes);
    } catch (cause) {
      throw new RemoteMediaError("peer-lost", `the channel ${this.label} is closed`, { cause });
    }
  }

  #came(bytes: Uint8Array): void {
    if (this.#state === "closed") return;
    if (this.#listener !== undefined) {
      this.#listener(bytes);
      return;
    }
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > maxKeptBytes) this.close();
    else this.#kept.push(bytes);
  }

  #low(): void {
    // Told a while ago: what was sent since may have filled it again, and then another call comes.
    if (this.#state !== "open" || this.bufferedBytes > lowWaterBytes) return;
    for (const listener of this.#lows) listener();
  }
}
