// Cuts a stream of JPEG pictures, one behind the other, into pictures. The bytes come from another program: nothing is taken for granted.
import { RemoteMediaError } from "../base/error.ts";

const maxPictureBytes = 32 * 1024 * 1024;
const startOfScan = 0xda;
const endOfImage = 0xd9;

/** Feeds on chunks of any length; gives whole pictures. */
export class JpegSplitter {
  #held = new Uint8Array(0);
  /** Up to where `#held` has been read, always at a marker or inside a scan. */
  #at = 0;
  #isInScan = false;

  /** The pictures that are whole with this chunk. Throws `capture-broken` for what is no JPEG, or has no end. */
  push(chunk: Uint8Array): Uint8Array[] {
    const joined = new Uint8Array(this.#held.length + chunk.length);
    joined.set(this.#held);
    joined.set(chunk, this.#held.length);
    this.#held = joined;
    const pictures: Uint8Array[] = [];
    for (let end = this.#findEnd(); end !== undefined; end = this.#findEnd()) {
      pictures.push(this.#held.slice(0, end));
      this.#held = this.#held.subarray(end);
      this.#at = 0;
      this.#isInScan = false;
    }
    if (this.#held.length > maxPictureBytes) throw broken("a picture of more than 32 MiB");
    return pictures;
  }

  /** Where the first picture ends; undefined while it isn't whole. */
  #findEnd(): number | undefined {
    for (;;) {
      const held = this.#held;
      if (this.#at >= held.length) return undefined;
      if (this.#isInScan) {
        const next = held.indexOf(0xff, this.#at);
        if (next < 0 || next + 1 >= held.length) {
          this.#at = next < 0 ? held.length : next;
          return undefined;
        }
        const mark = held[next + 1]!;
        // A stuffed zero, a restart or padding belongs to the scan.
        const isScan = mark === 0 || mark === 0xff || (mark >= 0xd0 && mark <= 0xd7);
        this.#at = mark === 0xff ? next + 1 : isScan ? next + 2 : next;
        this.#isInScan = isScan;
        continue;
      }
      if (this.#at + 2 > held.length) return undefined;
      if (held[this.#at] !== 0xff) throw broken("something that is no JPEG");
      const mark = held[this.#at + 1]!;
      if (this.#at === 0 && mark !== 0xd8) throw broken("something that is no JPEG");
      if (mark === endOfImage) return this.#at + 2;
      if (mark === 0xd8) {
        this.#at += 2;
        continue;
      }
      if (this.#at + 4 > held.length) return undefined;
      this.#at += 2 + Math.max(2, (held[this.#at + 2]! << 8) | held[this.#at + 3]!);
      this.#isInScan = mark === startOfScan;
    }
  }
}

function broken(what: string): RemoteMediaError {
  return new RemoteMediaError("capture-broken", `The camera's program gave ${what}.`);
}
