// What may still be sent on a stage's channel: one rule, by which the sender waits and the receiver holds it to account.
import type { Credit } from "./control-message.ts";
import { peerInvalid } from "./field-reader.ts";

/** Frames and bytes granted and not spent. A frame may be sent while there is a frame and a byte left; a frame that is larger than the bytes
 * left overdraws them, so that no frame is too large for any credit, and nothing more is sent until grants have made up for it. Acks,
 * flushes and grants cost nothing. */
export class CreditBalance {
  #frames = 0;
  #bytes = 0;

  /** Starts with `credit`. */
  constructor(credit: Credit) {
    this.grant(credit);
  }

  get frames(): number {
    return this.#frames;
  }

  /** Negative when overdrawn. */
  get bytes(): number {
    return this.#bytes;
  }

  get isSpent(): boolean {
    return this.#frames < 1 || this.#bytes < 1;
  }

  grant({ frames, bytes }: Credit): void {
    this.#frames += frames;
    this.#bytes += bytes;
  }

  /** One frame of `bytes` data. @throws RemoteMediaError `peer-invalid` when it may not be sent */
  spend(bytes: number): void {
    if (this.isSpent) throw peerInvalid("a frame beyond its credit");
    this.#frames -= 1;
    this.#bytes -= bytes;
  }
}
