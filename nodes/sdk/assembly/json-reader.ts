// A tiny JSON scanner over UTF-8 in memory. It allocates only when it reads a string.
import { same } from "./text";

/** A position in a JSON text. Malformed input sets `broken` and never reads past the end. */
export class JsonReader {
  at: usize;
  end: usize;
  broken: bool = false;

  constructor(pointer: usize, length: i32) {
    this.at = pointer;
    this.end = pointer + length;
  }

  /** Goes to the start of a text. */
  restart(pointer: usize, length: i32): this {
    this.at = pointer;
    this.end = pointer + length;
    this.broken = false;
    return this;
  }

  /** Goes to the value of a key of the object that starts here; keys with escapes are passed over. */
  find(key: string): bool {
    if (!this.take(0x7b)) return false;
    while (this.peek() == 0x22) {
      const start = this.at + 1;
      const escaped = this.skipString();
      const end = this.at - 1;
      if (!this.take(0x3a)) return false;
      if (!escaped && same(start, <i32>(end - start), key)) return true;
      this.skip();
      if (!this.take(0x2c)) return false;
    }
    return false;
  }

  /** The next byte that isn't white space, not consumed; 0 at the end. */
  peek(): i32 {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return byte;
      this.at++;
    }
    return 0;
  }

  /** Consumes `byte` when it is next. */
  take(byte: i32): bool {
    if (this.peek() != byte || this.at >= this.end) return false;
    this.at++;
    return true;
  }

  /** Consumes a literal such as `true`. */
  literal(word: string): bool {
    if (this.at + word.length > this.end) return this.fail();
    for (let i = 0; i < word.length; i++) {
      if (<i32>load<u8>(this.at + i) != word.charCodeAt(i)) return this.fail();
    }
    this.at += word.length;
    return true;
  }

  fail(): bool {
    this.broken = true;
    this.at = this.end;
    return false;
  }

  /** Reads a number; NaN and `broken` where there is none. Up to 19 digits and |exponent| ≤ 22 are read exactly;
   * beyond that the last digit may be off. */
  number(): f64 {
    this.peek();
    const start = this.at;
    let negative = false;
    if (this.at < this.end && load<u8>(this.at) == 0x2d) {
      negative = true;
      this.at++;
    }
    let mantissa: u64 = 0;
    let digits = 0;
    let exponent = 0;
    let fraction = false;
    let seen = false;
    while (this.at < this.end) {
      const byte = <i32>load<u8>(this.at);
      if (byte >= 0x30 && byte <= 0x39) {
        seen = true;
        if (digits < 19) {
          mantissa = mantissa * 10 + <u64>(byte - 0x30);
          if (mantissa != 0) digits++;
          if (fraction) exponent--;
        } else if (!fraction) exponent++;
      } else if (byte == 0x2e && !fraction && seen) fraction = true;
      else break;
      this.at++;
    }
    if (!seen || this.at == start) {
      this.fail();
      return NaN;
    }
    exponent += this.exponent();
    const value = scale(<f64>mantissa, exponent);
    return negative ? -value : value;
  }

  private exponent(): i32 {
    if (this.at >= this.end || (load<u8>(this.at) | 0x20) != 0x65) return 0;
    this.at++;
    let negative = false;
    if (this.at < this.end && (load<u8>(this.at) == 0x2b || load<u8>(this.at) == 0x2d)) {
      negative = load<u8>(this.at) == 0x2d;
      this.at++;
    }
    let value = 0;
    let seen = false;
    while (this.at < this.end) {
      const digit = <i32>load<u8>(this.at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = min(value * 10 + digit, 9999);
      seen = true;
      this.at++;
    }
    if (!seen) this.fail();
    return negative ? -value : value;
  }

  /** Skips a string's bytes and returns whether it has escapes. The position must be at its opening quote. */
  skipString(): bool {
    let escaped = false;
    if (!this.take(0x22)) return this.fail();
    while (this.at < this.end) {
      const byte = load<u8>(this.at++);
      if (byte == 0x22) return escaped;
      if (byte == 0x5c) {
        escaped = true;
        this.at++;
      }
    }
    return this.fail();
  }

  /** Reads a string. */
  string(): string {
    this.peek();
    const start = this.at + 1;
    const escaped = this.skipString();
    if (this.broken) return "";
    const raw = String.UTF8.decodeUnsafe(start, this.at - 1 - start);
    return escaped ? unescape(raw) : raw;
  }

  /** Skips one value of any kind, however deeply nested, without recursion. */
  skip(): void {
    let depth = 0;
    do {
      const byte = this.peek();
      if (byte == 0x22) this.skipString();
      else if (byte == 0x7b || byte == 0x5b) {
        depth++;
        this.at++;
      } else if (byte == 0x7d || byte == 0x5d) {
        depth--;
        this.at++;
      } else if (byte == 0x2c || byte == 0x3a) this.at++;
      else if (byte == 0x74) this.literal("true");
      else if (byte == 0x66) this.literal("false");
      else if (byte == 0x6e) this.literal("null");
      else this.number();
      if (this.broken) return;
    } while (depth > 0);
  }
}

function scale(mantissa: f64, exponent: i32): f64 {
  if (mantissa == 0) return 0;
  if (exponent < -300) {
    mantissa /= 1e300;
    exponent += 300;
  }
  let power: f64 = 1;
  let base: f64 = 10;
  for (let n = min(abs(exponent), 400); n > 0; n >>= 1) {
    if (n & 1) power *= base;
    base *= base;
  }
  return exponent < 0 ? mantissa / power : mantissa * power;
}

function unescape(raw: string): string {
  let text = "";
  for (let i = 0; i < raw.length; i++) {
    let code = raw.charCodeAt(i);
    if (code == 0x5c && i + 1 < raw.length) {
      code = raw.charCodeAt(++i);
      if (code == 0x6e) code = 0x0a;
      else if (code == 0x74) code = 0x09;
      else if (code == 0x72) code = 0x0d;
      else if (code == 0x62) code = 0x08;
      else if (code == 0x66) code = 0x0c;
      else if (code == 0x75) {
        code = 0;
        for (let end = min(i + 4, raw.length - 1); i < end; ) code = (code << 4) | hexDigit(raw.charCodeAt(++i));
      }
    }
    text += String.fromCharCode(code);
  }
  return text;
}

function hexDigit(code: i32): i32 {
  return code <= 0x39 ? code & 15 : (code & 7) + 9;
}
