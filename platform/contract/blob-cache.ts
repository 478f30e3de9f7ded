// A cache of bytes by key: what can be made again, kept because making it takes time.

/** Keys are `[a-z0-9.-]+`. What a failed or interrupted `put` leaves is never given by `get`. */
export interface BlobCache {
  /** The bytes as they were put, or undefined: unknown, damaged or unreadable. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps the bytes if it can; a cache that can't be written is not an error. */
  put(key: string, bytes: Uint8Array): Promise<void>;
}
