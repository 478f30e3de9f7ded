// Writes a blob's bytes and hashes them at once: the disk writes in its own threads what this one hashes meanwhile.
import type { DiskFile } from "./disk.ts";

const bufferBytes = 1024 * 1024;
/** Writes under way at most; the memory that a blob takes whatever its size is one buffer more. */
const maxWrites = 3;
/** Chunks from this size on are written as they are. */
const largeBytes = 256 * 1024;
/** So much is handed to the disk while the rest still comes, so that the last sync has little left to wait for. */
const syncEveryBytes = 16 * 1024 * 1024;

export class BlobWriter {
  readonly #file: DiskFile;
  readonly #hasher = new Bun.CryptoHasher("sha256");
  readonly #free: Uint8Array[] = [];
  readonly #writes: Promise<void>[] = [];
  #buffer: Uint8Array = new Uint8Array(bufferBytes);
  #filled = 0;
  /** Handed to the disk. */
  #offset = 0;
  #syncedTo = 0;
  #sync: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** Bytes taken so far, those already in the file included. */
  get size(): number {
    return this.#offset + this.#filled;
  }

  /** Takes in what the file has already, up to `size`. Before anything is pushed. */
  async resume(size: number): Promise<void> {
    // Two buffers: one is hashed while the other is read.
    let ready: Uint8Array = new Uint8Array(bufferBytes);
    let next = this.#buffer;
    let length = await this.#file.read(ready, 0);
    while (length > 0 && this.#offset < size) {
      const taken = ready.subarray(0, Math.min(length, size - this.#offset));
      this.#offset += taken.byteLength;
      const reading = this.#file.read(next, this.#offset);
      this.#hasher.update(taken);
      length = await reading;
      [ready, next] = [next, ready];
    }
    this.#syncedTo = this.#offset;
  }

  /** The chunk may be used again by its owner when this has returned. */
  async push(chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength >= largeBytes) {
      await this.#flush();
      const write = this.#write(chunk);
      this.#hasher.update(chunk);
      await write;
    } else {
      for (let taken = 0; taken < chunk.byteLength; ) {
        const part = chunk.subarray(taken, taken + bufferBytes - this.#filled);
        this.#buffer.set(part, this.#filled);
        this.#filled += part.byteLength;
        taken += part.byteLength;
        if (this.#filled === bufferBytes) await this.#flush();
      }
    }
    this.#throwFailure();
  }

  /** Waits until everything is written. @returns the digest's 64 digits */
  async finish(): Promise<string> {
    await this.settle();
    this.#throwFailure();
    return this.#hasher.digest("hex");
  }

  /** Writes what is buffered and waits until nothing is under way, whatever has failed: only then may the file be closed. */
  async settle(): Promise<void> {
    await this.#flush();
    await Promise.all(this.#writes);
    await this.#sync;
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const full = this.#buffer;
    const bytes = full.subarray(0, this.#filled);
    this.#filled = 0;
    const write = this.#write(bytes).then(() => void this.#free.push(full));
    this.#writes.push(write);
    this.#hasher.update(bytes);
    if (this.#writes.length >= maxWrites) await this.#writes.shift();
    this.#buffer = this.#free.pop() ?? new Uint8Array(bufferBytes);
  }

  /** Never rejects: what failed is thrown where somebody waits for it. */
  async #write(bytes: Uint8Array): Promise<void> {
    const offset = this.#offset;
    this.#offset += bytes.byteLength;
    if (this.#failure !== undefined) return;
    try {
      await this.#file.write(bytes, offset);
    } catch (error) {
      this.#failure ??= { error };
    }
    if (this.#sync === undefined && this.#offset - this.#syncedTo >= syncEveryBytes) {
      this.#syncedTo = this.#offset;
      this.#sync = this.#file.sync().then(
        () => {
          this.#sync = undefined;
        },
        (error) => {
          this.#failure ??= { error };
        },
      );
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
