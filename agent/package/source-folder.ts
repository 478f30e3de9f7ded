// A folder that becomes a package: its files, read as they are, once, and only those that lie in it.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { maxBlobBytes } from "./layout-descriptor.ts";

/** A file that was read: where it really lies, and what its bytes were. */
export interface ReadFile {
  readonly file: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

type Visit = (piece: Uint8Array, sizeBytes: number) => void;

const pieceBytes = 1024 * 1024;
const maxDepth = 32;
const maxListed = 10_000;

export class SourceFolder {
  /** The folder's real path. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** @throws RemoteMediaError `package-missing` */
  static async open(folder: string): Promise<SourceFolder> {
    try {
      return new SourceFolder(await realpath(folder));
    } catch (cause) {
      throw new RemoteMediaError("package-missing", `there is no folder ${folder}`, {
        where: { file: folder },
        cause,
      });
    }
  }

  /** Reads a file from its beginning to its end; `visit` is given each piece, which is then used again. Undefined where there is none.
   * A link may lead to another file of the folder, not out of it.
   * @throws RemoteMediaError `package-invalid`: no plain file, too large, outside, changed while it was read */
  async read(path: string, maxBytes = maxBlobBytes, visit: Visit = () => {}): Promise<ReadFile | undefined> {
    const file = await this.#locate(path);
    if (file === undefined) return undefined;
    const handle = await openPlain(file, path);
    try {
      return { file, ...(await hashFile(handle, path, maxBytes, visit)) };
    } finally {
      await handle.close();
    }
  }

  /** The paths of all files below a folder of the folder; none where it isn't there. What a link to a file is called is listed as a file.
   * @throws RemoteMediaError `package-invalid`: linked folders, special files, names that aren't UTF-8, too many */
  async list(folder: string): Promise<readonly string[]> {
    const found: string[] = [];
    await this.#list(folder, found, 0);
    return found.sort();
  }

  async #list(folder: string, found: string[], depth: number): Promise<void> {
    if (depth > maxDepth) throw refuse(folder, `is nested deeper than ${maxDepth} folders`);
    const entries = await this.#entries(folder);
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      // Node gives what it can't decode as U+FFFD: of such names nobody knows what they were.
      if (entry.name.includes("\ufffd")) throw refuse(path, "has a name that isn't UTF-8");
      if (entry.isDirectory()) await this.#list(path, found, depth + 1);
      else if (entry.isFile() || (entry.isSymbolicLink() && (await this.#isLinkToFile(path))))
        found.push(path);
      else throw refuse(path, "is neither a file nor a folder: a device, a FIFO or a socket can't be packed");
      if (found.length > maxListed) throw refuse(folder, `has more than ${maxListed} files`);
    }
  }

  async #entries(folder: string) {
    const real = await this.#locate(folder);
    if (real === undefined) return [];
    if (real !== join(this.root, folder)) throw refuse(folder, "is a link to a folder, which isn't followed");
    return readdir(real, { withFileTypes: true });
  }

  async #isLinkToFile(path: string): Promise<boolean> {
    const file = await this.#locate(path);
    if (file === undefined) throw refuse(path, "is a link to nothing");
    if ((await stat(file)).isDirectory()) throw refuse(path, "is a link to a folder, which isn't followed");
    return true;
  }

  /** Where a path leads, links followed; undefined where there is nothing. */
  async #locate(path: string): Promise<string | undefined> {
    let real: string;
    try {
      real = await realpath(join(this.root, path));
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw refuse(path, `can't be read: ${message}`, cause);
    }
    const prefix = this.root.endsWith(sep) ? this.root : `${this.root}${sep}`;
    if (real.startsWith(prefix)) return real;
    throw refuse(path, "is a link that leads out of the folder", undefined, "put the file itself there");
  }
}

async function openPlain(file: string, path: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    throw refuse(path, `can't be read: ${(cause as Error).message}`, cause);
  }
}

/** Size and time before and after: a file that somebody writes meanwhile would be packed half old, half new. */
async function hashFile(handle: FileHandle, path: string, maxBytes: number, visit: Visit) {
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) throw refuse(path, "is no plain file");
  const size = Number(before.size);
  if (size > maxBytes) throw refuse(path, `has ${size} bytes; at most ${maxBytes} are taken`);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(pieceBytes, size + 1));
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
    if (length > size) break;
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    visit(piece, size);
  }
  const after = await handle.stat({ bigint: true });
  if (length !== size || after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
    throw refuse(path, "was changed while it was read", undefined, "build again when nobody writes it");
  }
  return { digest: `sha256:${hash.digest("hex")}` as const, size };
}

function refuse(path: string, why: string, cause?: unknown, hint?: string): RemoteMediaError {
  return new RemoteMediaError("package-invalid", `${printable(path, 1024)} ${why}`, {
    where: { file: path },
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
