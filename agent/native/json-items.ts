// A JSON document into its items, one after another, without holding the document: the items of its array, or its one value. Web-standard.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { ByteList } from "./byte-list.ts";
import { isJsonSpace, JsonNesting, trimJson } from "./json-text.ts";

/** The most that one item or line may take: a large picture in base64 fits. */
export const maxItemBytes = 64 * 1024 * 1024;

/** What some editors write before the first character. */
export const byteOrderMark = [0xef, 0xbb, 0xbf];

/** A piece of a document that should be one JSON value. */
export interface JsonItem {
  readonly bytes: Uint8Array;
  /** The line it begins on, from 1. */
  readonly line: number;
}

const bracketOpen = 0x5b;
const bracketClose = 0x5d;
const comma = 0x2c;
const lineFeed = 0x0a;

/** Cuts a document into items; whether an item is JSON is not looked at here. Throws `input-invalid` for an array that isn't closed, for
 * anything after it, and for an item beyond 64 MiB. */
export async function* splitJsonItems(
  bytes: AsyncIterable<Uint8Array>,
  file?: string,
): AsyncGenerator<JsonItem> {
  const splitter = new ItemSplitter(file);
  for await (const chunk of bytes) yield* splitter.push(chunk);
  yield* splitter.finish();
}

/** `before` the value's first byte, in an `array`, in another `value`, `after` the array's end. */
type State = "before" | "array" | "value" | "after";

class ItemSplitter {
  readonly #file: string | undefined;
  readonly #item = new ByteList();
  #nesting = new JsonNesting();
  #state: State = "before";
  #line = 1;
  #itemLine = 1;
  #items = 0;
  #markBytes = 0;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  *push(chunk: Uint8Array): Generator<JsonItem> {
    let start = 0;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index]!;
      if (byte === lineFeed) this.#line++;
      if (this.#state === "value") continue;
      if (this.#state !== "array") {
        if (this.#begins(byte)) start = byte === bracketOpen ? index + 1 : index;
        continue;
      }
      if (!this.#nesting.next(byte)) continue;
      const closes = this.#nesting.depth < 0;
      if (!closes && !(byte === comma && this.#nesting.depth === 0)) continue;
      if (closes && byte !== bracketClose)
        throw this.#invalid("The JSON array is closed by a brace", this.#line);
      this.#keep(chunk.subarray(start, index));
      start = index + 1;
      yield* this.#take(closes);
    }
    if (this.#state === "array" || this.#state === "value") this.#keep(chunk.subarray(start));
  }

  *finish(): Generator<JsonItem> {
    if (this.#state === "array") throw this.#invalid("The JSON array isn't closed", this.#line);
    if (this.#state === "before") throw this.#invalid("The JSON is empty", 1);
    if (this.#state === "value") yield this.#current();
  }

  /** Takes a byte outside of all items; says whether the document's value begins with it. */
  #begins(byte: number): boolean {
    if (isJsonSpace(byte)) return false;
    if (this.#state === "after") throw this.#invalid("Something follows the JSON array", this.#line);
    if (byte === byteOrderMark[this.#markBytes]) {
      this.#markBytes++;
      return false;
    }
    this.#state = byte === bracketOpen ? "array" : "value";
    this.#itemLine = this.#line;
    return true;
  }

  *#take(last: boolean): Generator<JsonItem> {
    const item = this.#current();
    // Only `[]` has a place without an item.
    if (!(last && this.#items === 0 && item.bytes.length === 0)) yield item;
    if (last) this.#state = "after";
    this.#items++;
    this.#itemLine = this.#line;
    this.#nesting = new JsonNesting();
  }

  #current(): JsonItem {
    const raw = this.#item.takeAll();
    let line = this.#itemLine;
    for (let index = 0; index < raw.length && isJsonSpace(raw[index]!); index++) {
      if (raw[index] === lineFeed) line++;
    }
    return { bytes: trimJson(raw), line };
  }

  #keep(bytes: Uint8Array): void {
    this.#item.push(bytes);
    if (this.#item.length > maxItemBytes) {
      throw this.#invalid("An item of the JSON is longer than 64 MiB", this.#itemLine);
    }
  }

  #invalid(problem: string, line: number): RemoteMediaError {
    return new RemoteMediaError("input-invalid", `${problem}.`, {
      where: { ...(this.#file === undefined ? {} : { file: this.#file }), line },
      hint: "Give one JSON array, an item a frame; or .ndjson, a value a line.",
    });
  }
}
