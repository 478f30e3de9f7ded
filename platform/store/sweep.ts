// Removes from a store what nobody needs. It has the store for itself meanwhile: nothing is being added that it might miss.
import { join } from "node:path";
import type { Digest } from "../base/digest.ts";
import type { SweepReport } from "../contract/package-store.ts";
import type { Disk } from "./disk.ts";
import { readHolds } from "./holds.ts";
import { readRecords } from "./record-files.ts";
import { readSessions, type Session } from "./session.ts";
import { digestFile, digestOfName, type StoreFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";
import { planSweep, type SweepPlan } from "./sweep-plan.ts";
import { removeEntry } from "./view-folder.ts";

/** `.NAME.SESSION.NUMBER` */
const temporaryPattern = /^\..+\.([0-9a-f]{16})\.\d+$/s;

/** @see PackageStore.sweep */
export async function sweepStore(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  everything: boolean,
): Promise<SweepReport> {
  return withLock(disk, folders, "lock", "exclusive", async () => {
    const { ids, leased } = await readSessions(disk, folders);
    const plan = planSweep(
      {
        records: await readRecords(disk, folders),
        recordFiles: await listDigests(disk, folders.packages),
        views: await listDigests(disk, folders.pipelines),
        listings: await listDigests(disk, folders.views),
        blobs: await listDigests(disk, folders.blobs),
        held: await readHolds(disk, folders),
        leased,
      },
      everything,
    );
    let freedBytes = await applySweep(disk, folders, session, plan);
    freedBytes += await removeTemporaries(disk, folders, ids);
    freedBytes += await removePartials(disk, folders);
    return { packages: plan.packages, blobs: plan.blobs.length, freedBytes };
  });
}

/** In an order in which a kill at any moment leaves nothing that lacks what it needs: first the records, on the disk, then what they name. */
async function applySweep(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  plan: SweepPlan,
): Promise<number> {
  let freedBytes = 0;
  for (const digest of plan.recordFiles) await removeEntry(disk, digestFile(folders.packages, digest));
  if (plan.recordFiles.length > 0) await disk.syncFolder(folders.packages);
  for (const digest of plan.views) {
    // Under another name first: no half of a view is ever found.
    const gone = join(folders.pipelines, session.temporaryName("gone"));
    await disk.rename(digestFile(folders.pipelines, digest), gone);
    freedBytes += await removeEntry(disk, gone);
  }
  for (const digest of plan.listings) await removeEntry(disk, digestFile(folders.views, digest));
  for (const digest of plan.blobs) {
    const path = digestFile(folders.blobs, digest);
    const size = (await disk.entry(path))?.size ?? 0;
    await removeEntry(disk, path);
    freedBytes += size;
  }
  return freedBytes;
}

/** What the dead have left half done. */
async function removeTemporaries(
  disk: Disk,
  folders: StoreFolders,
  living: ReadonlySet<string>,
): Promise<number> {
  let freedBytes = 0;
  for (const folder of [folders.pipelines, folders.packages, folders.views, folders.state]) {
    for (const name of await disk.list(folder)) {
      const owner = temporaryPattern.exec(name)?.[1];
      if (owner === undefined || living.has(owner)) continue;
      freedBytes += await removeEntry(disk, join(folder, name));
    }
  }
  return freedBytes;
}

/** What came in part and nobody is receiving. */
async function removePartials(disk: Disk, folders: StoreFolders): Promise<number> {
  let freedBytes = 0;
  for (const name of await disk.list(folders.partial)) {
    const path = join(folders.partial, name);
    if ((await disk.entry(path))?.kind !== "file") continue;
    const file = await disk.open(path, "read");
    try {
      if (file.tryLock("exclusive")) freedBytes += await removeEntry(disk, path);
    } finally {
      await file.close();
    }
  }
  return freedBytes;
}

async function listDigests(disk: Disk, folder: string): Promise<readonly Digest[]> {
  return (await disk.list(folder)).flatMap((name) => digestOfName(name) ?? []);
}
