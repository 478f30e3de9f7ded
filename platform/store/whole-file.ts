// Files that are written as a whole: beside, onto the disk, then renamed. After a power cut it is the old one or the new one.
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { openLinuxDisk } from "./linux-disk.ts";

const temporaryPattern = /^\.(.*)\.[0-9a-f]{16}\.part$/s;
const maxNameBytes = 255;

/** Writes a file of the user's. What was there stays until all of the new one is on the disk; what fails leaves nothing.
 * @throws RemoteMediaError `output-failed`; what `chunks` throws, as it is */
export async function writeWholeFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  disk: Disk = openLinuxDisk(0o666),
): Promise<void> {
  const folder = dirname(path);
  const name = shortName(basename(path));
  const temporary = join(folder, `.${name}.${randomBytes(8).toString("hex")}.part`);
  try {
    await removeAbandoned(disk, folder, name);
    await replaceFile(disk, path, temporary, chunks);
  } catch (error) {
    if (!(error instanceof RemoteMediaError) || error.code !== "store-failed") throw error;
    throw new RemoteMediaError("output-failed", error.message, {
      where: { file: path },
      cause: error,
      hint: `look whether ${printable(folder, 400)} is there, is writable and has room`,
    });
  }
}

/** Writes `temporary`, which nobody else may use, and gives it the name `path`. */
export async function replaceFile(
  disk: Disk,
  path: string,
  temporary: string,
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): Promise<void> {
  const file = await openTemporary(disk, temporary);
  try {
    await writeAll(file, chunks);
    await file.sync();
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.removeFile(temporary).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  await disk.syncFolder(dirname(path));
}

/** Locked, so that `removeAbandoned` of another process lets it be; made again where that was faster. */
async function openTemporary(disk: Disk, path: string): Promise<DiskFile> {
  for (;;) {
    const file = await disk.open(path, "new");
    if (canLock(file) !== false && (await file.entry()).id === (await disk.entry(path))?.id) return file;
    await file.close();
    await disk.removeFile(path);
  }
}

/** Undefined where the file system has no locks: a user's file may be anywhere. */
function canLock(file: DiskFile): boolean | undefined {
  try {
    return file.tryLock("exclusive");
  } catch {
    return undefined;
  }
}

async function writeAll(
  file: DiskFile,
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): Promise<void> {
  let offset = 0;
  for await (const chunk of chunks) {
    await file.write(chunk, offset);
    offset += chunk.byteLength;
  }
}

/** What writers of the same file that were killed have left beside it: nobody has it locked. */
async function removeAbandoned(disk: Disk, folder: string, name: string): Promise<void> {
  for (const found of await disk.list(folder)) {
    if (temporaryPattern.exec(found)?.[1] !== name) continue;
    const path = join(folder, found);
    if ((await disk.entry(path))?.kind !== "file") continue;
    const file = await disk.open(path, "read");
    try {
      if (canLock(file)) await disk.removeFile(path);
    } finally {
      await file.close();
    }
  }
}

/** So much of a name that the temporary one isn't too long for a file system. */
function shortName(name: string): string {
  let short = name;
  while (Buffer.byteLength(short) > maxNameBytes - ".".length - ".0123456789abcdef.part".length) {
    short = short.slice(0, -1);
  }
  return short;
}
