// Writes one JSON object or array as UTF-8, without garbage.
import { dtoa_buffered } from "util/number";

/** A JSON value under construction, in a buffer that is reused for the next one. Levels left open are closed by the SDK. */
export class JsonWriter {
  pointer: usize = 0;
  length: i32 = 0;
  private capacity: i32 = 0;
  /** The closing bytes of the open levels, as a stack of bits: 1 an array, 0 an object. */
  private kinds: u64 = 0;
  private depth: i32 = 0;
  private empty: bool = true;

  start(): this {
    this.length = 0;
    this.depth = 0;
    return this;
  }

  /** Opens an object: the root, a field of the object around it, or (without a key) an item of the array around it. */
  object(key: string = ""): this {
    return this.open(key, 0x7b, 0);
  }

  array(key: string = ""): this {
    return this.open(key, 0x5b, 1);
  }

  /** Closes the innermost level. */
  end(): this {
    this.byte(this.kinds & 1 ? 0x5d : 0x7d);
    this.kinds >>= 1;
    this.depth--;
    this.empty = false;
    return this;
  }

  /** Closes every level. */
  finish(): void {
    while (this.depth > 0) this.end();
  }

  /** A number rounded to `decimals` (0 to 9); null when it isn't finite. Items of arrays have no key. */
  number(key: string, value: f64, decimals: i32 = 6): this {
    this.key(key);
    this.fixed(value, decimals);
    return this;
  }

  integer(key: string, value: i64): this {
    this.key(key);
    this.digits(value);
    return this;
  }

  flag(key: string, value: bool): this {
    this.key(key);
    this.ascii(value ? "true" : "false");
    return this;
  }

  none(key: string): this {
    this.key(key);
    this.ascii("null");
    return this;
  }

  string(key: string, value: string): this {
    this.key(key);
    this.quoted(value);
    return this;
  }

  /** A bare number with all its digits: the shortest text that reads back as `value`. */
  exact(value: f64): void {
    if (!isFinite(value)) this.ascii("null");
    else if (value == Math.trunc(value) && abs(value) < 1e15) this.digits(<i64>value);
    else {
      const wide = memory.data(64);
      const count = <i32>dtoa_buffered(wide, value);
      for (let i = 0; i < count; i++) this.byte(load<u8>(wide + (<usize>i << 1)));
    }
  }

  byte(value: i32): void {
    this.room(1);
    store<u8>(this.pointer + this.length++, <u8>value);
  }

  private open(key: string, byte: i32, kind: u64): this {
    if (this.depth > 0) this.key(key);
    this.byte(byte);
    this.kinds = (this.kinds << 1) | kind;
    this.depth++;
    this.empty = true;
    return this;
  }

  private key(key: string): void {
    if (!this.empty) this.byte(0x2c);
    this.empty = false;
    if (this.kinds & 1) return;
    this.quoted(key);
    this.byte(0x3a);
  }

  private fixed(value: f64, decimals: i32): void {
    if (!isFinite(value)) return this.ascii("null");
    let power: f64 = 1;
    for (let i = 0; i < decimals; i++) power *= 10;
    const scaled = nearest(abs(value) * power);
    // Without room for decimals the whole number has to do; `exact` would cost every node 4 KB of code.
    if (scaled >= 9e15) return this.digits(<i64>max<f64>(-9e18, min<f64>(9e18, value)));
    if (value < 0 && scaled != 0) this.byte(0x2d);
    const whole = <i64>(scaled / power);
    this.digits(whole);
    let rest = <i64>scaled - whole * <i64>power;
    if (rest == 0) return;
    this.byte(0x2e);
    for (let unit = <i64>power / 10; rest > 0; unit /= 10) {
      this.byte(0x30 + <i32>(rest / unit));
      rest %= unit;
    }
  }

  private digits(value: i64): void {
    if (value < 0) this.byte(0x2d);
    let rest: u64 = value < 0 ? <u64>0 - <u64>value : <u64>value;
    let unit: u64 = 1;
    while (rest / unit >= 10) unit *= 10;
    for (; unit > 0; unit /= 10) {
      this.byte(0x30 + <i32>(rest / unit));
      rest %= unit;
    }
  }

  private quoted(text: string): void {
    this.byte(0x22);
    const size = String.UTF8.byteLength(text);
    this.room(size * 6 + 1);
    const raw = this.pointer + this.length + size * 5;
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, raw);
    // Escapes grow to at most six bytes a byte, so writing never overtakes the reading that lies behind.
    for (let i = 0; i < size; i++) this.escaped(load<u8>(raw + i));
    this.byte(0x22);
  }

  private escaped(byte: i32): void {
    if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) return this.byte(byte);
    if (byte == 0x22 || byte == 0x5c) {
      this.byte(0x5c);
      return this.byte(byte);
    }
    this.ascii("\\u00");
    this.byte(0x30 + (byte >> 4));
    this.byte((byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15));
  }

  private ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  private room(count: i32): void {
    if (this.length + count <= this.capacity) return;
    this.capacity = max(256, max(this.length + count, this.capacity * 2));
    this.pointer = this.pointer == 0 ? heap.alloc(this.capacity) : heap.realloc(this.pointer, this.capacity);
  }
}
