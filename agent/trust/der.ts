// The little of DER that key files need: reading what is laid down, strictly, and writing it.
import type { Refuse } from "./refuse.ts";

/** The tags that occur in key files. @see https://www.itu.int/rec/T-REC-X.690 */
export const derTag = { integer: 0x02, octets: 0x04, nothing: 0x05, oid: 0x06, sequence: 0x30 } as const;

/** Reads elements one after the other; whatever isn't DER is refused. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: Refuse;
  #at = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#refuse = refuse;
  }

  /** The tag of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The content of the next element, which must have this tag. */
  read(tag: number): Uint8Array {
    if (this.nextTag !== tag) throw this.#refuse("isn't laid out as a key is");
    const start = this.#at + 2;
    const first = this.#bytes[this.#at + 1] ?? 0x80;
    // Two bytes of length are enough for any key; a length in more bytes than it needs isn't DER.
    const lengthBytes = first < 0x80 ? 0 : first - 0x80;
    if (first === 0x80 || lengthBytes > 2) throw this.#refuse("isn't DER");
    let length = lengthBytes === 0 ? first : 0;
    for (const byte of this.#bytes.subarray(start, start + lengthBytes)) length = length * 256 + byte;
    const end = start + lengthBytes + length;
    const least = [0, 0x80, 0x100][lengthBytes]!;
    if (length < least || end > this.#bytes.length) throw this.#refuse("isn't DER");
    this.#at = end;
    return this.#bytes.subarray(end - length, end);
  }

  sequence(): DerReader {
    return new DerReader(this.read(derTag.sequence), this.#refuse);
  }

  /** An object identifier, as hexadecimal of its content. */
  oid(): string {
    return Buffer.from(this.read(derTag.oid)).toString("hex");
  }

  /** A number from 0 to 2^31 - 1. */
  integer(): number {
    const bytes = this.read(derTag.integer);
    const padded = bytes.length > 1 && bytes[0] === 0 && bytes[1]! < 0x80;
    if (bytes.length === 0 || bytes.length > 4 || bytes[0]! >= 0x80 || padded)
      throw this.#refuse("has a number out of bounds");
    return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** That nothing follows. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#refuse("has more in it than a key has");
  }
}

export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array(Buffer.concat([Buffer.from([tag, ...head]), content]));
}

export function derSequence(...contents: readonly Uint8Array[]): Uint8Array {
  return derElement(derTag.sequence, ...contents);
}

/** `content` as `DerReader.oid` gives it. */
export function derOid(content: string): Uint8Array {
  return derElement(derTag.oid, Buffer.from(content, "hex"));
}

/** A number from 0 to 2^31 - 1. */
export function derInteger(value: number): Uint8Array {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  return derElement(derTag.integer, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}
