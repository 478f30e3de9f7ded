// Where an output's bytes go: a file that appears whole or not at all, or a pipe, a device, stdout, written as they come.

/** A place for bytes. Every method throws RemoteMediaError: `output-closed` where the reader has gone, else `output-failed`. */
export interface ByteTarget {
  /** Whether what was written can be written again (`patch`). */
  readonly seekable: boolean;
  /** Takes bytes, which must not change any more; resolves when more may be given. A failure may show at a later call. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes over bytes at an offset; of seekable targets only. */
  patch(offset: number, bytes: Uint8Array): Promise<void>;
  /** Everything is written, and a file stands under its name. Leaves nothing behind when it fails. */
  close(): Promise<void>;
  /** Gives up: no file, no temporary file. May be called at any time, also after a failure or `close`. */
  abort(): Promise<void>;
}
