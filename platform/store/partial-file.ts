// The file in `partial/` that a blob lands in: one process has it at a time, and who dies with it leaves it to the next.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Digest, digestHex } from "../base/digest.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { errnoOf } from "./disk-failure.ts";
import type { Session } from "./session.ts";
import { digestFile, ensureFolder, type StoreFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";

export interface PartialFile {
  readonly path: string;
  readonly file: DiskFile;
}

/** Whoever waits for another process that receives the same blob looks so often, */
const pauseMs = 50;
/** and receives it beside that process when nothing has come for so long: that one may be stopped, or its network dead. */
const stallMs = 30_000;

/** Opens and locks the blob's partial file. Where another process receives the blob, that is waited for.
 * @returns undefined when that process has finished or given up: look again whether the blob is there */
export async function claimPartial(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  digest: Digest,
): Promise<PartialFile | undefined> {
  const path = digestFile(folders.partial, digest);
  const claimed = await claim(disk, folders, path);
  if (claimed !== undefined) return claimed;
  let last = await disk.entry(path);
  for (let waitedMs = 0; waitedMs < stallMs; waitedMs += pauseMs) {
    await delay(pauseMs);
    const now = await disk.entry(path);
    if (now === undefined) return undefined;
    if (now.size !== last?.size || now.id !== last.id) waitedMs = 0;
    last = now;
    const left = await claim(disk, folders, path);
    if (left !== undefined) return left;
  }
  return claim(disk, folders, join(folders.partial, session.temporaryName(digestHex(digest))));
}

/** Under the store's lock, so that no sweep removes what is open and not locked yet.
 * @returns undefined where another opening has it */
async function claim(disk: Disk, folders: StoreFolders, path: string): Promise<PartialFile | undefined> {
  return withLock(disk, folders, "lock", "shared", async () => {
    await ensureFolder(disk, folders.partial);
    const file = await disk.open(path, "keep").catch((error: unknown) => {
      if (errnoOf(error) !== "EACCES") throw error;
    });
    if (file === undefined) {
      await removeSealed(disk, path);
      return undefined;
    }
    if (await isOurs(disk, file, path)) return { path, file };
    await file.close();
    return undefined;
  });
}

/** Locks it. The name may stand for another file by now: the one that we have locked is then somebody's finished blob. */
async function isOurs(disk: Disk, file: DiskFile, path: string): Promise<boolean> {
  return file.tryLock("exclusive") && (await file.entry()).id === (await disk.entry(path))?.id;
}

/** One that is sealed was whole when its process died, just before it got its name. Only root could go on with it. */
async function removeSealed(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, "read").catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
  if (file === undefined) return;
  try {
    if (await isOurs(disk, file, path)) await disk.removeFile(path);
  } finally {
    await file.close();
  }
}
