// Writes the fields of NUT packets. Web-standard.
import { nutChecksum } from "./nut-codes.ts";

/** Fields one after another. */
export class FieldWriter {
  readonly #bytes: number[] = [];

  byte(value: number): this {
    this.#bytes.push(value);
    return this;
  }

  /** A safe integer without a sign, seven bits a byte. */
  number(value: number): this {
    const low = [value % 128];
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
      low.push(128 + (rest % 128));
    }
    this.#bytes.push(...low.reverse());
    return this;
  }

  numbers(...values: readonly number[]): this {
    for (const value of values) this.number(value);
    return this;
  }

  /** Characters as bytes, with their length before them. */
  text(characters: string): this {
    this.number(characters.length);
    for (const character of characters) this.byte(character.charCodeAt(0));
    return this;
  }

  /** The checksum of everything so far. */
  checksum(): this {
    const sum = nutChecksum(this.#bytes);
    this.#bytes.push(sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255);
    return this;
  }

  /** All of it as a packet of its own, behind its start code and with its checksum; at most 4,096 bytes. */
  packet(startCode: bigint): Uint8Array<ArrayBuffer> {
    this.checksum();
    const head = new FieldWriter();
    for (let shift = 56n; shift >= 0n; shift -= 8n) head.byte(Number((startCode >> shift) & 255n));
    return Uint8Array.of(...head.number(this.#bytes.length).#bytes, ...this.#bytes);
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}
