// A bounded reader of WASM's binary encoding: bytes, LEB128 numbers, names; it never reads outside of its range.
import { RemoteMediaError } from "../../../platform/base/error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A cursor over `bytes[offset, end)`. Every method throws `module-invalid`, naming the offset, rather than read past
 * the end or take a number that the specification calls malformed.
 * @see https://webassembly.github.io/spec/core/binary/values.html */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = Math.min(end, bytes.length);
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  /** Refuses the module: what is wrong, and where in the file. */
  fail(message: string, offset = this.offset): never {
    throw new RemoteMediaError("module-invalid", `${message} at byte ${offset}`);
  }

  u8(): number {
    if (this.offset >= this.end) this.fail("unexpected end");
    return this.bytes[this.offset++]!;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let result = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.u8();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    byte = this.u8();
    if (byte > 0x0f) this.fail("malformed u32", this.offset - 1);
    return (result | (byte << 28)) >>> 0;
  }

  /** A count of things that take at least one byte each, so that a lie about it is seen before anything is allocated. */
  count(most: number, things: string): number {
    const start = this.offset;
    const count = this.u32();
    if (count > this.end - this.offset) this.fail(`more ${things} than bytes`, start);
    if (count > most) {
      throw new RemoteMediaError("module-too-complex", `${count} ${things}; at most ${most} are taken`);
    }
    return count;
  }

  /** A signed LEB128 number of 33 bits that must not be negative: a type index where a block type may stand. */
  typeIndex(): number {
    const start = this.offset;
    let result = 0;
    for (let place = 0; place < 5; place++) {
      const byte = this.u8();
      result += (byte & 0x7f) * 2 ** (7 * place);
      if (byte >= 0x80) continue;
      // The highest bit that was given is the sign.
      if ((byte & 0x40) !== 0 || result > 0xffff_ffff) break;
      return result;
    }
    return this.fail("malformed block type", start);
  }

  /** Skips a signed LEB128 number of 32 bits. */
  skipS32(): void {
    for (let place = 0; place < 4; place++) if (this.u8() < 0x80) return;
    const last = this.u8() & 0xf8;
    if (last !== 0 && last !== 0x78) this.fail("malformed i32", this.offset - 1);
  }

  /** Skips a signed LEB128 number of 64 bits. */
  skipS64(): void {
    for (let place = 0; place < 9; place++) if (this.u8() < 0x80) return;
    const last = this.u8();
    if (last !== 0 && last !== 0x7f) this.fail("malformed i64", this.offset - 1);
  }

  skip(length: number): void {
    if (length > this.end - this.offset) this.fail("unexpected end");
    this.offset += length;
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    const start = this.offset;
    this.skip(length);
    return this.bytes.subarray(start, this.offset);
  }

  /** A length-prefixed UTF-8 string. */
  name(): string {
    const bytes = this.take(this.u32());
    try {
      return utf8.decode(bytes);
    } catch {
      return this.fail("a name that is not UTF-8", this.offset - bytes.length);
    }
  }

  /** A reader of the next `length` bytes; this one goes on behind them. */
  sub(length: number): ByteReader {
    const start = this.offset;
    this.skip(length);
    return new ByteReader(this.bytes, start, this.offset);
  }
}
