// Holding a package against sweeps: a lock that many may share, and that dies with its process.
import { join } from "node:path";
import type { Digest } from "../base/digest.ts";
import type { Disk } from "./disk.ts";
import { errnoOf } from "./disk-failure.ts";
import { digestFile, digestOfName, ensureFolder, type StoreFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";

/** @see PackageStore.hold */
export async function holdPackage(
  disk: Disk,
  folders: StoreFolders,
  digest: Digest,
): Promise<AsyncDisposable> {
  const path = digestFile(folders.holds, digest);
  try {
    // Under the store's lock: no sweep removes what is open and not locked yet.
    const file = await withLock(disk, folders, "lock", "shared", async () => {
      await ensureFolder(disk, folders.holds);
      const opened = await disk.open(path, "keep");
      opened.tryLock("shared");
      return opened;
    });
    let closed: Promise<void> | undefined;
    return {
      [Symbol.asyncDispose]: () => {
        closed ??= file.close();
        return closed;
      },
    };
  } catch (error) {
    // Nobody can sweep a store that can't be written.
    if (errnoOf(error) === "EROFS") return { [Symbol.asyncDispose]: async () => {} };
    throw error;
  }
}

/** Which packages somebody holds; removes what the others have left. Call it with the store's lock alone. */
export async function readHolds(disk: Disk, folders: StoreFolders): Promise<ReadonlySet<Digest>> {
  const held = new Set<Digest>();
  for (const name of await disk.list(folders.holds)) {
    const digest = digestOfName(name);
    if (digest === undefined) continue;
    const path = join(folders.holds, name);
    const file = await disk.open(path, "read");
    try {
      if (file.tryLock("exclusive")) await disk.removeFile(path);
      else held.add(digest);
    } finally {
      await file.close();
    }
  }
  return held;
}
