// Pieces of bytes that become one. Web-standard.

/** Collects pieces without copying, and joins them once. */
export class ByteList {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Bytes collected. */
  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Everything collected, in one piece, and begins anew. A single piece is given as it is. */
  takeAll(): Uint8Array {
    const pieces = this.#pieces;
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    if (pieces.length === 1) return pieces[0]!;
    const joined = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  }
}
