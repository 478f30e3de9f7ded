// The store's locks: who adds to it shares one, who sweeps it has it alone; changes of records and views are one at a time.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RemoteMediaError } from "../base/error.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { ensureFolder, type StoreFolders } from "./store-folders.ts";

/** `lock` keeps a sweep away from what is just being added; the others order changes of one kind.
 * Where two are needed, they are taken in this order. */
type LockName = "lock" | "records-lock" | "views-lock";

/** Nobody has a lock for so long, unless it is stopped or its disk hangs. */
const patienceMs = 60_000;
const firstPauseMs = 1;
const longestPauseMs = 50;

/** Does something under a lock. Locks end with their process, and none is had while a network is waited for. */
export async function withLock<Result>(
  disk: Disk,
  folders: StoreFolders,
  name: LockName,
  kind: "shared" | "exclusive",
  action: () => Promise<Result>,
): Promise<Result> {
  await ensureFolder(disk, folders.state);
  const path = join(folders.state, name);
  const file = await disk.open(path, "keep");
  try {
    await waitFor(file, kind, path);
    return await action();
  } finally {
    await file.close();
  }
}

/** Asking again is enough: a blocking call would stop this thread, and with it the holder where that is this process too. */
async function waitFor(file: DiskFile, kind: "shared" | "exclusive", path: string): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (let pauseMs = firstPauseMs; !file.tryLock(kind); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    if (performance.now() > deadlineMs) {
      throw new RemoteMediaError("store-failed", "another process doesn't let go of the store", {
        where: { file: path },
        hint: "look for a stopped or hung remotemedia process (`fuser` with this file names it)",
      });
    }
    await delay(pauseMs);
  }
}
