// What a peer may still send us of results: as much as we hold less of them than we want to.
import type { Credit } from "../protocol/control-message.ts";
import { CreditBalance } from "../protocol/credit-balance.ts";

export class ResultCredit {
  readonly #base: Credit;
  readonly #balance: CreditBalance;
  #frames = 0;
  #bytes = 0;

  /** `base` is what the peer was granted beforehand, and what is held of its results where nothing presses. */
  constructor(base: Credit) {
    this.#base = base;
    this.#balance = new CreditBalance(base);
  }

  /** A frame came and is held. @throws RemoteMediaError `peer-invalid` when it may not have come */
  receive(bytes: number): void {
    this.#balance.spend(bytes);
    this.#frames += 1;
    this.#bytes += bytes;
  }

  /** They are held no more. */
  release(frames: number, bytes: number): void {
    this.#frames -= frames;
    this.#bytes -= bytes;
  }

  /** The grant to send now, if it is worth a message. `isNeeded`: without its results nothing here is ever released, so it goes on a quarter at a
   * time, whatever is held; a call's own bounds end that. */
  grant(isNeeded: boolean): Credit | undefined {
    const mustGoOn = isNeeded && this.#balance.isSpent;
    const frames = missing(this.#base.frames, this.#frames, this.#balance.frames, mustGoOn);
    const bytes = missing(this.#base.bytes, this.#bytes, this.#balance.bytes, mustGoOn);
    const isWorthIt = frames >= this.#base.frames / 4 || bytes >= this.#base.bytes / 4;
    if (!isWorthIt) return undefined;
    const credit = { frames, bytes };
    this.#balance.grant(credit);
    return credit;
  }
}

/** What the peer should have left, beyond what it has. */
function missing(base: number, held: number, left: number, mustGoOn: boolean): number {
  const wanted = mustGoOn ? Math.max(base - held, Math.ceil(base / 4)) : base - held;
  return Math.max(0, wanted - left);
}
