// Reads the fields of a NUT header that lies in memory. Web-standard.
import { RemoteMediaError } from "../../../platform/base/error.ts";

/** Fields one after another. Throws `input-invalid` where one is missing or out of bounds. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes that haven't been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A number without a sign, seven bits a byte; of at most 64 bits. */
  big(): bigint {
    let value = 0n;
    for (let count = 0; count < 10; count++) {
      const byte = this.bytes(1)[0]!;
      value = (value << 7n) | BigInt(byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw invalidNut("a number is longer than 64 bits");
  }

  /** The same where it must lie between `least` and `most`. */
  count(what: string, least: number, most: number): number {
    const value = this.big();
    if (value < BigInt(least) || value > BigInt(most)) throw invalidNut(`${what} is ${value}`);
    return Number(value);
  }

  /** A number with a sign: 0, 1, -1, 2, -2, … */
  signed(what: string, most: number): number {
    return signedOf(this.count(what, 0, most * 2));
  }

  bytes(count: number): Uint8Array {
    if (count > this.left) throw invalidNut("a header ends within a field");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function signedOf(value: number): number {
  return value % 2 === 1 ? (value + 1) / 2 : -(value / 2);
}

/** The error for bytes that are no NUT that we take. */
export function invalidNut(problem: string): RemoteMediaError {
  return new RemoteMediaError("input-invalid", `The captured stream can't be read: ${problem}.`);
}
