// Reads a byte stream piece by piece, whatever the boundaries of its chunks. Web-standard.
import { ByteList } from "./byte-list.ts";

/** Takes bytes off an async stream. What it gives are views of the chunks where a piece lies in one chunk, copies otherwise. */
export class ByteCursor {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #position = 0;
  #ended = false;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** How many bytes have been taken or skipped. */
  get position(): number {
    return this.#position;
  }

  /** `count` bytes when the current chunk holds them all, else undefined: the way without a promise. */
  tryTake(count: number): Uint8Array | undefined {
    return this.#chunk.length - this.#at >= count ? this.#view(count) : undefined;
  }

  /** `count` bytes; fewer only where the stream ends. */
  async take(count: number): Promise<Uint8Array> {
    const whole = this.tryTake(count);
    if (whole !== undefined) return whole;
    const joined = new Uint8Array(count);
    let filled = 0;
    while (filled < count && (await this.#more())) {
      const piece = this.#view(Math.min(count - filled, this.#chunk.length - this.#at));
      joined.set(piece, filled);
      filled += piece.length;
    }
    return joined.subarray(0, filled);
  }

  /** Passes over `count` bytes and says how many there were. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count && (await this.#more())) {
      skipped += this.#view(Math.min(count - skipped, this.#chunk.length - this.#at)).length;
    }
    return skipped;
  }

  /** The bytes before the next line feed, which is taken too; undefined at the end of the stream. A line that is
   * longer than `maxBytes` is given as "too-long". The last line needs no line feed. */
  async takeLine(maxBytes: number): Promise<Uint8Array | "too-long" | undefined> {
    const line = new ByteList();
    while (await this.#more()) {
      const feed = this.#chunk.indexOf(10, this.#at);
      line.push(this.#view((feed < 0 ? this.#chunk.length : feed) - this.#at));
      if (line.length > maxBytes) return "too-long";
      if (feed < 0) continue;
      this.#view(1);
      return line.takeAll();
    }
    return line.length === 0 ? undefined : line.takeAll();
  }

  /** Ends the stream early. */
  async release(): Promise<void> {
    this.#ended = true;
    this.#chunk = new Uint8Array(0);
    this.#at = 0;
    await this.#chunks.return?.();
  }

  async #more(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      if (this.#ended) return false;
      const next = await this.#chunks.next();
      if (next.done) {
        this.#ended = true;
        return false;
      }
      // A Buffer is handed on as what it is a kind of, so that nobody meets its other methods.
      const { buffer, byteOffset, byteLength } = next.value;
      this.#chunk = new Uint8Array(buffer, byteOffset, byteLength);
      this.#at = 0;
    }
    return true;
  }

  #view(count: number): Uint8Array {
    const view = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.#position += count;
    return view;
  }
}
