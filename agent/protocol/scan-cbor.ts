// Looks through CBOR before a decoder does: only plain data of bounded shape comes by, so that no decoder's features are an attacker's.
import { RemoteMediaError } from "../../platform/base/error.ts";

/** Nesting of arrays and maps; a statement, the deepest thing that is sent, has six. */
const maxDepth = 16;
/** Values altogether, keys included. */
const maxItems = 32_768;

/** Follows one CBOR item that must fill `bytes`. Taken are integers, byte and text strings, arrays, maps with text keys, `false`, `true`, `null`,
 * `undefined` and floats, all of definite length. Tags (which would be dates, big numbers, shared structures or code), other simple values
 * and the key `__proto__` are refused.
 * @throws RemoteMediaError `peer-invalid`
 * @see https://www.rfc-editor.org/rfc/rfc8949 section 3 */
export function scanCbor(bytes: Uint8Array): void {
  new Scan(bytes).run();
}

const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;
const proto = new TextEncoder().encode("__proto__");

class Scan {
  readonly #bytes: Uint8Array;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  run(): void {
    this.#value(0);
    if (this.#at !== this.#bytes.length) throw broken("more bytes than its data");
  }

  #value(depth: number): void {
    if (depth > maxDepth) throw broken(`data nested deeper than ${maxDepth}`);
    if (++this.#items > maxItems) throw broken(`more than ${maxItems} values`);
    const first = this.#byte();
    const kind = first >> 5;
    if (kind > major.map) {
      this.#simple(first);
      return;
    }
    const argument = this.#argument(first & 31);
    if (kind === major.bytes || kind === major.text) this.#skip(argument);
    else if (kind === major.array) for (let i = 0; i < argument; i++) this.#value(depth + 1);
    else if (kind === major.map) {
      for (let i = 0; i < argument; i++) {
        this.#key();
        this.#value(depth + 1);
      }
    }
  }

  #simple(first: number): void {
    if (first >= 0xf4 && first <= 0xf7) return;
    if (first >= 0xf9 && first <= 0xfb) this.#skip(2 << (first - 0xf9));
    else throw broken(first >> 5 === 6 ? "a tag" : "a value of no known kind");
  }

  #key(): void {
    const first = this.#byte();
    if (first >> 5 !== major.text) throw broken("a key that is not text");
    const length = this.#argument(first & 31);
    const start = this.#at;
    this.#skip(length);
    if (length === proto.length && proto.every((byte, i) => this.#bytes[start + i] === byte))
      throw broken("a key that no data has");
  }

  /** Of 8 bytes only what is a safe integer, and always 2^53 - 1 for what is larger: a length can't be, a number's reader sees to it. */
  #argument(low: number): number {
    if (low < 24) return low;
    if (low > 27) throw broken("a length that isn't said");
    let value = 0;
    for (let left = 1 << (low - 24); left > 0; left--) value = value * 256 + this.#byte();
    return Math.min(value, Number.MAX_SAFE_INTEGER);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw broken("data that is cut short");
    this.#at += 1;
    return byte;
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw broken("data that is cut short");
    this.#at += length;
  }
}

function broken(what: string): RemoteMediaError {
  return new RemoteMediaError("peer-invalid", `the peer sent ${what}`);
}
