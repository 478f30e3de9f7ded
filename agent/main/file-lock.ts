// Something that one process at a time does, by a lock that ends with its process.
import { setTimeout as delay } from "node:timers/promises";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { openLinuxDisk } from "../../platform/store/linux-disk.ts";

const patienceMs = 30_000;
const longestPauseMs = 50;

/** @param path of a file that holds the lock and nothing else @throws RemoteMediaError `store-failed` */
export async function withFileLock<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  const file = await openLinuxDisk().open(path, "keep");
  try {
    const deadlineMs = performance.now() + patienceMs;
    for (let pauseMs = 1; !file.tryLock("exclusive"); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      if (performance.now() > deadlineMs) {
        throw new RemoteMediaError("store-failed", "another process doesn't let go of it", {
          where: { file: path },
          hint: "look for a stopped or hung remotemedia process (`fuser` with this file names it)",
        });
      }
      await delay(pauseMs);
    }
    return await action();
  } finally {
    await file.close();
  }
}
