// The unpacked view of a package: a folder of names for stored blobs, which appears as a whole.
import { join } from "node:path";
import { type Digest, digestHex } from "../base/digest.ts";
import type { ViewEntry } from "../contract/package-store.ts";
import { blobMismatch, blobMissing, readWhole } from "./blob-file.ts";
import { BlobWriter } from "./blob-writer.ts";
import { decodeCheckedJson, encodeCheckedJson, maxCheckedBytes } from "./checked-json.ts";
import type { Disk } from "./disk.ts";
import { errnoOf } from "./disk-failure.ts";
import type { Session } from "./session.ts";
import { digestFile, ensureFolder, removeTree, type StoreFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";
import { planView, type ViewPlan } from "./view-plan.ts";
import { replaceFile } from "./whole-file.ts";

/** Where files can't have second names: another file system, one without links, a rule against it, too many names. */
const noLinks: readonly string[] = ["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];
const sliceBytes = 1024 * 1024;

/** Paths and sizes of all files of a view; kept beside it, since the view itself is exactly a package's folder. */
type Listing = readonly (readonly [path: string, size: number])[];

/** @returns the view's folder where each of its files is there with its size. Who loads one checks its bytes. */
export async function findView(
  disk: Disk,
  folders: StoreFolders,
  digest: Digest,
): Promise<string | undefined> {
  const folder = digestFile(folders.pipelines, digest);
  if ((await disk.entry(folder))?.kind !== "folder") return undefined;
  const listing = await readListing(disk, digestFile(folders.views, digest));
  if (listing === undefined) return undefined;
  const found = await Promise.all(
    listing.map(async ([path, size]) => {
      const entry = await disk.entry(join(folder, path));
      return entry?.kind === "file" && entry.size === size;
    }),
  );
  return found.every(Boolean) ? folder : undefined;
}

/** @see PackageStore.createView */
export async function createView(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  digest: Digest,
  entries: readonly ViewEntry[],
): Promise<string> {
  digestFile(folders.pipelines, digest);
  const plan = planView(entries);
  await session.lease([
    digest,
    ...plan.entries.flatMap((entry) => ("digest" in entry ? [entry.digest] : [])),
  ]);
  const found = await findView(disk, folders, digest);
  if (found !== undefined) return found;
  await ensureFolder(disk, folders.pipelines);
  const temporary = join(folders.pipelines, session.temporaryName(digestHex(digest)));
  try {
    const listing = await build(disk, folders, temporary, plan);
    return await withLock(disk, folders, "views-lock", "exclusive", () =>
      publish(disk, folders, session, digest, temporary, listing),
    );
  } catch (error) {
    await removeTree(disk, temporary).catch(() => {});
    throw error;
  }
}

async function build(disk: Disk, folders: StoreFolders, temporary: string, plan: ViewPlan): Promise<Listing> {
  const inner = plan.folders.map((folder) => join(temporary, folder));
  for (const folder of [temporary, ...inner]) await disk.makeFolder(folder);
  const listing: [string, number][] = [];
  for (const entry of plan.entries) {
    const path = join(temporary, entry.path);
    const size =
      "bytes" in entry
        ? await writeSealed(disk, path, entry.bytes)
        : await placeBlob(disk, digestFile(folders.blobs, entry.digest), path, entry.digest);
    listing.push([entry.path, size]);
  }
  for (const folder of [...inner.toReversed(), temporary]) await disk.syncFolder(folder);
  return listing;
}

/** Under the lock of views. What is there and isn't whole gives way. */
async function publish(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  digest: Digest,
  temporary: string,
  listing: Listing,
): Promise<string> {
  const folder = digestFile(folders.pipelines, digest);
  if ((await findView(disk, folders, digest)) !== undefined) {
    await removeTree(disk, temporary);
    return folder;
  }
  const gone = join(folders.pipelines, session.temporaryName("gone"));
  const isDamaged = (await disk.entry(folder)) !== undefined;
  if (isDamaged) await disk.rename(folder, gone);
  await ensureFolder(disk, folders.views);
  await replaceFile(
    disk,
    digestFile(folders.views, digest),
    join(folders.views, session.temporaryName(digestHex(digest))),
    [encodeCheckedJson(listing)],
  );
  await disk.rename(temporary, folder);
  await disk.syncFolder(folders.pipelines);
  if (isDamaged) await removeEntry(disk, gone);
  return folder;
}

/** A file or a folder with all that is in it. @returns the bytes that this frees */
export async function removeEntry(disk: Disk, path: string): Promise<number> {
  const entry = await disk.entry(path);
  if (entry?.kind === "folder") return removeTree(disk, path);
  await disk.removeFile(path);
  return entry?.links === 1 ? entry.size : 0;
}

async function placeBlob(disk: Disk, blob: string, path: string, digest: Digest): Promise<number> {
  const entry = await disk.entry(blob);
  if (entry === undefined) throw blobMissing(digest);
  try {
    await disk.link(blob, path);
  } catch (error) {
    const errno = errnoOf(error) ?? "";
    if (errno === "ENOENT") throw blobMissing(digest);
    if (!noLinks.includes(errno)) throw error;
    await copyBlob(disk, blob, path, digest);
  }
  return entry.size;
}

async function copyBlob(disk: Disk, blob: string, path: string, digest: Digest): Promise<void> {
  const from = await disk.open(blob, "read");
  try {
    const to = await disk.open(path, "new");
    const writer = new BlobWriter(to);
    try {
      const slice = new Uint8Array(sliceBytes);
      for (let length = -1; length !== 0; ) {
        length = await from.read(slice, writer.size);
        await writer.push(slice.subarray(0, length));
      }
      if ((await writer.finish()) !== digestHex(digest))
        throw blobMismatch(digest, "was changed in the store");
      await to.sync();
      await to.seal();
    } finally {
      await writer.settle();
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function writeSealed(disk: Disk, path: string, bytes: Uint8Array): Promise<number> {
  const file = await disk.open(path, "new");
  try {
    await file.write(bytes, 0);
    await file.sync();
    await file.seal();
    return bytes.byteLength;
  } finally {
    await file.close();
  }
}

async function readListing(disk: Disk, path: string): Promise<Listing | undefined> {
  try {
    const listing = decodeCheckedJson(await readWhole(disk, path, maxCheckedBytes));
    return isListing(listing) ? listing : undefined;
  } catch (error) {
    if (["ENOENT", "EISDIR", "ELOOP", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

function isListing(value: unknown): value is Listing {
  return (
    Array.isArray(value) &&
    value.every((item) => Array.isArray(item) && typeof item[0] === "string" && Number.isSafeInteger(item[1]))
  );
}
