// Writes bytes to a file descriptor in order, joining small pieces, with bounded memory.
import { write } from "node:fs";
import { promisify } from "node:util";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { ByteList } from "./byte-list.ts";

const writeTo = promisify(write);
const maxPendingBytes = 1024 * 1024;
const retryMs = 2;
/** How long a small piece waits for others, and how many bytes don't wait. */
const joinMs = 4;
const joinedBytes = 64 * 1024;

/** A queue in front of a descriptor. What comes within a few milliseconds, or while a write is under way, is joined into one write: a
 * write of its own for each line would cost more than the line. */
export class DescriptorWriter {
  readonly #descriptor: number;
  readonly #name: string;
  #pending = new ByteList();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #failure: RemoteMediaError | undefined;

  /** `name` is what messages call the output. */
  constructor(descriptor: number, name: string) {
    this.#descriptor = descriptor;
    this.#name = name;
  }

  /** Takes bytes; resolves when little enough is waiting. Throws what an earlier write failed with. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#throwFailure();
    if (bytes.length === 0) return;
    this.#pending.push(bytes);
    if (this.#pending.length >= joinedBytes) this.#start();
    else if (this.#running === undefined) this.#timer ??= setTimeout(() => this.#start(), joinMs);
    if (this.#pending.length > maxPendingBytes) await this.#running;
    this.#throwFailure();
  }

  /** Resolves when all is written. */
  async drain(): Promise<void> {
    this.#start();
    await this.#running;
    this.#throwFailure();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length > 0) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#pending.length > 0) await writeAll(this.#descriptor, this.#pending.takeAll(), null);
    } catch (cause) {
      this.#failure = outputError(this.#name, cause);
      this.#pending = new ByteList();
    } finally {
      this.#running = undefined;
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Writes all bytes at an offset, or at the descriptor's own position where it is null. Throws the system's error. */
export async function writeAll(descriptor: number, bytes: Uint8Array, offset: number | null): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const at = offset === null ? null : offset + written;
    try {
      written += (await writeTo(descriptor, bytes, written, bytes.length - written, at)).bytesWritten;
    } catch (error) {
      // Another process may have made a pipe that we share non-blocking.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** The system's error about an output as ours: `output-closed` where its reader has gone, else `output-failed`. */
export function outputError(name: string, cause: unknown): RemoteMediaError {
  if (cause instanceof RemoteMediaError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const where = { file: name };
  if (code === "EPIPE") {
    return new RemoteMediaError("output-closed", "The reader of the output has closed it.", { where, cause });
  }
  const known = code === undefined ? undefined : reasons[code];
  return new RemoteMediaError("output-failed", `The output can't be written: ${known?.what ?? message}.`, {
    where,
    hint: known?.hint ?? "Check the path, and that you may write there.",
    cause,
  });
}

const space = "Free some space, or write elsewhere.";
const reasons: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  ENOSPC: { what: "the disk is full", hint: space },
  EDQUOT: { what: "your share of the disk is used up", hint: space },
  EFBIG: { what: "the file would be larger than allowed", hint: space },
  ENOENT: { what: "the folder isn't there", hint: "Create the folder first." },
  EACCES: { what: "it may not be written", hint: "Write elsewhere, or change the permissions." },
  EROFS: { what: "the disk is read-only", hint: "Write elsewhere." },
};
