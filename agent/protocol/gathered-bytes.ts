// Bytes that come in parts, gathered into one array of a size that was said beforehand.

/** What a size that is only claimed may cost before its bytes come. */
const trustedBytes = 8 * 1024 * 1024;

/** Copies each part once, and at most twice what has come beyond 8 MiB. */
export class GatheredBytes {
  readonly #size: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#size = size;
    this.#bytes = new Uint8Array(Math.min(size, trustedBytes));
  }

  /** What has come. */
  get length(): number {
    return this.#length;
  }

  get missing(): number {
    return this.#size - this.#length;
  }

  get heldBytes(): number {
    return this.#bytes.length;
  }

  /** Gives all when it is complete; `undefined` before.
   * @throws RangeError when more comes than the size: its caller holds parts to it */
  add(part: Uint8Array): Uint8Array | undefined {
    const end = this.#length + part.length;
    if (end > this.#bytes.length && this.#bytes.length < this.#size) this.#grow(end);
    this.#bytes.set(part, this.#length);
    this.#length = end;
    return end === this.#size ? this.#bytes : undefined;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.min(this.#size, Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
