// Opens the place where an output's bytes go.
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ByteTarget } from "./byte-target.ts";
import { DescriptorWriter, outputError, writeAll } from "./descriptor-writer.ts";

/** Opens a file to be written.
 *
 * A regular file is written beside its place under a temporary name, and takes its place whole on `close`; links are followed,
 * and an existing file's permissions kept. A device or a FIFO is written where it is. Throws `output-failed`. */
export async function openFileTarget(path: string): Promise<ByteTarget> {
  try {
    const existing = await lookAt(path);
    if (existing?.isDirectory()) {
      throw new RemoteMediaError("output-failed", "The output is a folder.", {
        where: { file: path },
        hint: "Give a file's name.",
      });
    }
    if (existing !== undefined && !existing.isFile()) {
      // For writing only: who also reads a FIFO never learns that its reader has gone.
      const handle = await open(path, constants.O_WRONLY);
      return new PlainTarget(handle.fd, path, handle);
    }
    const place = existing === undefined ? path : await realpath(path);
    const temporary = join(dirname(place), `.remotemedia-${randomUUID()}.tmp`);
    const handle = await open(temporary, "wx", existing === undefined ? 0o666 : existing.mode & 0o777);
    return new AtomicTarget(handle, temporary, place, path);
  } catch (cause) {
    throw outputError(path, cause);
  }
}

/** Opens a descriptor that is already there, stdout by default; it is not closed. */
export function openDescriptorTarget(descriptor = 1, name = "stdout"): ByteTarget {
  return new PlainTarget(descriptor, name, undefined);
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A pipe, a device, stdout: bytes go out as they come. */
class PlainTarget implements ByteTarget {
  readonly seekable = false;
  readonly #writer: DescriptorWriter;
  readonly #name: string;
  #handle: FileHandle | undefined;

  constructor(descriptor: number, name: string, handle: FileHandle | undefined) {
    this.#writer = new DescriptorWriter(descriptor, name);
    this.#name = name;
    this.#handle = handle;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes);
  }

  async patch(): Promise<void> {
    throw new RemoteMediaError("output-failed", `${this.#name} can't be written over.`);
  }

  async close(): Promise<void> {
    try {
      await this.#writer.drain();
    } finally {
      await this.#release();
    }
  }

  async abort(): Promise<void> {
    await this.#release();
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => {});
  }
}

/** A file that takes its place when it is whole. */
class AtomicTarget implements ByteTarget {
  readonly seekable = true;
  readonly #handle: FileHandle;
  readonly #temporary: string;
  readonly #place: string;
  readonly #name: string;
  readonly #writer: DescriptorWriter;
  #done = false;

  constructor(handle: FileHandle, temporary: string, place: string, name: string) {
    this.#handle = handle;
    this.#temporary = temporary;
    this.#place = place;
    this.#name = name;
    this.#writer = new DescriptorWriter(handle.fd, name);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#orAbort(() => this.#writer.write(bytes));
  }

  patch(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#orAbort(async () => {
      await this.#writer.drain();
      await writeAll(this.#handle.fd, bytes, offset);
    });
  }

  async close(): Promise<void> {
    if (this.#done) return;
    await this.#orAbort(async () => {
      await this.#writer.drain();
      await this.#handle.sync();
      await rename(this.#temporary, this.#place);
    });
    this.#done = true;
    await this.#handle.close().catch(() => {});
    await syncFolder(dirname(this.#place));
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    // A write under way still holds the descriptor's number; it may be given away only after it.
    await this.#writer.drain().catch(() => {});
    await this.#handle.close().catch(() => {});
    await rm(this.#temporary, { force: true });
  }

  async #orAbort(step: () => Promise<void>): Promise<void> {
    if (this.#done)
      throw new RemoteMediaError("output-failed", "The output was given up.", {
        where: { file: this.#name },
      });
    try {
      await step();
    } catch (cause) {
      await this.abort();
      throw outputError(this.#name, cause);
    }
  }
}

/** Makes a new name in a folder survive a power cut, where the file system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {
    // Some file systems can't; the file itself is safe.
  }
}
