// Cuts what a guest prints into lines.

const lineEnd = 10;
const maxLineBytes = 4096;

/** Collects bytes and hands on whole lines without their end; a line of over 4096 bytes is cut into several. */
export class LineBuffer {
  readonly #emit: (line: Uint8Array) => void;
  readonly #bytes = new Uint8Array(maxLineBytes);
  #length = 0;

  constructor(emit: (line: Uint8Array) => void) {
    this.#emit = emit;
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === lineEnd) {
        this.flush();
        continue;
      }
      this.#bytes[this.#length++] = byte;
      if (this.#length === maxLineBytes) this.flush();
    }
  }

  /** Hands on what has no end yet. */
  flush(): void {
    if (this.#length > 0) this.#emit(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }
}
