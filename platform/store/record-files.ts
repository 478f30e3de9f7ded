// The records of all packages: one small file each, changed one at a time among processes.
import { join } from "node:path";
import { type Digest, digestHex } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import type { PackageRecord } from "../contract/package-store.ts";
import { readWhole } from "./blob-file.ts";
import { maxCheckedBytes } from "./checked-json.ts";
import type { Disk } from "./disk.ts";
import { errnoOf } from "./disk-failure.ts";
import { decodeRecord, encodeRecord } from "./package-record.ts";
import type { Session } from "./session.ts";
import { digestFile, digestOfName, ensureFolder, type StoreFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";
import { replaceFile } from "./whole-file.ts";

/** @returns undefined where there is none, or none that is whole: its package is then as if nothing held it */
export async function readRecord(
  disk: Disk,
  folders: StoreFolders,
  digest: Digest,
): Promise<PackageRecord | undefined> {
  const path = digestFile(folders.packages, digest);
  try {
    return decodeRecord(await readWhole(disk, path, maxCheckedBytes), digest);
  } catch (error) {
    // Nothing, a folder or a link: not what we wrote. What the disk can't read now isn't lost for that.
    if (["ENOENT", "EISDIR", "ELOOP", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

export async function readRecords(disk: Disk, folders: StoreFolders): Promise<readonly PackageRecord[]> {
  const records: PackageRecord[] = [];
  for (const name of await disk.list(folders.packages)) {
    const digest = digestOfName(name);
    const record = digest && (await readRecord(disk, folders, digest));
    if (record) records.push(record);
  }
  return records;
}

/** @see PackageStore.remember */
export async function rememberPackage(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  digest: Digest,
  change: (known: PackageRecord | undefined) => PackageRecord,
): Promise<PackageRecord> {
  const path = digestFile(folders.packages, digest);
  const record = await withLock(disk, folders, "lock", "shared", () =>
    withLock(disk, folders, "records-lock", "exclusive", async () => {
      const changed = change(await readRecord(disk, folders, digest));
      if (changed.digest !== digest)
        throw new RemoteMediaError("internal", "a record is of another package", { where: { digest } });
      await ensureFolder(disk, folders.packages);
      const temporary = join(folders.packages, session.temporaryName(digestHex(digest)));
      await replaceFile(disk, path, temporary, [encodeRecord(changed)]);
      return changed;
    }),
  );
  await session.release([digest, ...neededBlobs(record)]);
  return record;
}

/** What a record keeps of the store. */
export function neededBlobs(record: PackageRecord): readonly Digest[] {
  return [...record.blobs, ...record.referrers].map((blob) => blob.digest);
}
