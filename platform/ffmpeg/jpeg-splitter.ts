// Cuts a stream of JPEG pictures, one behind the other, into pictures. The bytes come from another program: nothing is taken for granted.
import { RemoteMediaError } from "../base/error.ts";

const maxPictureBytes = 32 * 1024 * 1024;
const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;

/** What the next byte is: a marker's first or second, a segment's length, inside a segment, inside a scan or after 0xff in one. */
type Place = "marker" | "mark" | "length" | "segment" | "scan" | "scan mark";

/** Feeds on chunks of any length; gives whole pictures. Each byte is looked at once, and moved a bounded number of times. */
export class JpegSplitter {
  /** The beginning of the picture that isn't whole yet, with room to grow into. */
  #held = new Uint8Array(64 * 1024);
  #heldBytes = 0;
  #place: Place = "marker";
  #isFirstMark = true;
  #lengthHigh: number | undefined;
  #segmentLeft = 0;
  #afterSegment: Place = "marker";

  /** The pictures that are whole with this chunk. Throws `capture-broken` for what is no JPEG, or has no end. */
  push(chunk: Uint8Array): Uint8Array[] {
    const pictures: Uint8Array[] = [];
    let start = 0;
    for (let end = this.#findEnd(chunk, 0); end !== undefined; end = this.#findEnd(chunk, start)) {
      this.#hold(chunk.subarray(start, end));
      pictures.push(this.#held.slice(0, this.#heldBytes));
      this.#heldBytes = 0;
      start = end;
    }
    this.#hold(chunk.subarray(start));
    return pictures;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (length > maxPictureBytes) throw broken("a picture of more than 32 MiB");
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  /** Where in the chunk, read from `at` on, the picture ends; undefined where it goes on after it. */
  #findEnd(chunk: Uint8Array, at: number): number | undefined {
    while (at < chunk.length) {
      if (this.#place === "segment") {
        const skipped = Math.min(this.#segmentLeft, chunk.length - at);
        this.#segmentLeft -= skipped;
        at += skipped;
        if (this.#segmentLeft === 0) this.#place = this.#afterSegment;
      } else if (this.#place === "scan") {
        const next = chunk.indexOf(0xff, at);
        if (next < 0) return undefined;
        at = next + 1;
        this.#place = "scan mark";
      } else if (this.#takeByte(chunk[at++]!)) return at;
    }
    return undefined;
  }

  /** Whether the picture ends with this byte. */
  #takeByte(byte: number): boolean {
    switch (this.#place) {
      case "marker":
        if (byte !== 0xff) throw broken("something that is no JPEG");
        this.#place = "mark";
        return false;
      case "length":
        this.#takeLength(byte);
        return false;
      case "scan mark":
        // A stuffed zero, a restart or padding belongs to the scan.
        if (byte === 0xff) return false;
        if (byte !== 0 && (byte < 0xd0 || byte > 0xd7)) return this.#takeMark(byte);
        this.#place = "scan";
        return false;
      default:
        return this.#takeMark(byte);
    }
  }

  #takeMark(mark: number): boolean {
    if (this.#isFirstMark && mark !== startOfImage) throw broken("something that is no JPEG");
    this.#isFirstMark = mark === endOfImage;
    // Any number of 0xff may come before a mark.
    if (mark === 0xff) this.#place = "mark";
    else if (mark === startOfImage || mark === endOfImage) this.#place = "marker";
    else {
      this.#place = "length";
      this.#afterSegment = mark === startOfScan ? "scan" : "marker";
    }
    return mark === endOfImage;
  }

  /** A segment's length counts its own two bytes. */
  #takeLength(byte: number): void {
    if (this.#lengthHigh === undefined) {
      this.#lengthHigh = byte;
      return;
    }
    this.#segmentLeft = Math.max(0, ((this.#lengthHigh << 8) | byte) - 2);
    this.#lengthHigh = undefined;
    this.#place = this.#segmentLeft === 0 ? this.#afterSegment : "segment";
  }
}

function broken(what: string): RemoteMediaError {
  return new RemoteMediaError("capture-broken", `The camera's program gave ${what}.`);
}
