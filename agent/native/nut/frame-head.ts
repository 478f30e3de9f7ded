// Reads the bytes before a NUT packet's own off the stream, and checks them. Web-standard.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ByteCursor } from "../byte-cursor.ts";
import { invalidNut } from "./field-reader.ts";
import { nutChecksum } from "./nut-codes.ts";

/** Fields whose end nobody knows beforehand. Throws `input-invalid`, and `input-broken` where the stream ends within one. */
export class FrameHead {
  readonly #cursor: ByteCursor;
  #checksum: number;

  /** `firstByte` has been taken already. */
  constructor(cursor: ByteCursor, firstByte: number) {
    this.#cursor = cursor;
    this.#checksum = nutChecksum([firstByte]);
  }

  /** A number of so many bytes, the most significant first. */
  async fixed(bytes: number): Promise<bigint> {
    let value = 0n;
    for (let count = 0; count < bytes; count++) value = (value << 8n) | BigInt(await this.#byte());
    return value;
  }

  /** A number without a sign, seven bits a byte; of at most 64 bits. */
  async big(): Promise<bigint> {
    let value = 0n;
    for (let count = 0; count < 10; count++) {
      const byte = await this.#byte();
      value = (value << 7n) | BigInt(byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw invalidNut("a number is longer than 64 bits");
  }

  /** The same where it must lie between `least` and `most`. */
  async count(what: string, least: number, most: number): Promise<number> {
    const value = await this.big();
    if (value < BigInt(least) || value > BigInt(most)) throw invalidNut(`${what} is ${value}`);
    return Number(value);
  }

  /** Takes the checksum of everything before it. */
  async checksum(): Promise<void> {
    await this.fixed(4);
    // Over bytes and their own checksum it is 0.
    if (this.#checksum !== 0) throw invalidNut("a packet's checksum is wrong");
  }

  async #byte(): Promise<number> {
    const taken = this.#cursor.tryTake(1) ?? (await this.#cursor.take(1));
    if (taken.length === 0) {
      throw new RemoteMediaError("input-broken", "The captured stream ends within a packet.");
    }
    this.#checksum = nutChecksum(taken, this.#checksum);
    return taken[0]!;
  }
}
