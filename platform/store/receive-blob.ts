// Takes a blob into the store: resumed, hashed as it streams, on the disk before it has its name.
import { digestHex } from "../base/digest.ts";
import type { Descriptor } from "../contract/oci.ts";
import type { BlobReader } from "../contract/registry.ts";
import { blobMismatch, isBlobWhole } from "./blob-file.ts";
import { BlobWriter } from "./blob-writer.ts";
import type { Disk } from "./disk.ts";
import { diskFailure } from "./disk-failure.ts";
import { claimPartial, type PartialFile } from "./partial-file.ts";
import type { Session } from "./session.ts";
import { digestFile, ensureFolder, type StoreFolders } from "./store-folders.ts";

/** What a blob's source threw, to be told from what the disk refused. */
class SourceFailure extends Error {}

interface Reception {
  readonly disk: Disk;
  readonly folders: StoreFolders;
  readonly blob: Pick<Descriptor, "digest" | "size">;
  readonly read: BlobReader;
  readonly onProgress: (receivedBytes: number) => void;
}

/** @see PackageStore.receive */
export async function receiveBlob(
  disk: Disk,
  folders: StoreFolders,
  session: Session,
  blob: Pick<Descriptor, "digest" | "size">,
  read: BlobReader,
  onProgress: (receivedBytes: number) => void = () => {},
): Promise<"present" | "received"> {
  const path = digestFile(folders.blobs, blob.digest);
  if (!Number.isSafeInteger(blob.size) || blob.size < 0)
    throw blobMismatch(blob.digest, "can't have its size");
  await session.lease([blob.digest]);
  for (;;) {
    if (await isPresent(disk, path, blob)) {
      onProgress(blob.size);
      return "present";
    }
    const partial = await claimPartial(disk, folders, session, blob.digest);
    if (partial === undefined) continue;
    try {
      // Another process may have finished it between the look and the lock.
      if (await isPresent(disk, path, blob)) {
        await disk.removeFile(partial.path);
        onProgress(blob.size);
        return "present";
      }
      await receiveInto({ disk, folders, blob, read, onProgress }, partial, path);
      return "received";
    } finally {
      await partial.file.close();
    }
  }
}

/** What has the wrong size is hashed: either the descriptor lies, or what was stored is damaged and is fetched again. */
async function isPresent(
  disk: Disk,
  path: string,
  blob: Pick<Descriptor, "digest" | "size">,
): Promise<boolean> {
  const entry = await disk.entry(path);
  if (entry === undefined) return false;
  if (entry.kind === "file" && entry.size === blob.size) return true;
  if (entry.kind === "file" && (await isBlobWhole(disk, path, blob.digest))) {
    throw blobMismatch(blob.digest, `has ${entry.size} bytes, not ${blob.size}`);
  }
  await disk.removeFile(path);
  return false;
}

async function receiveInto(reception: Reception, partial: PartialFile, path: string): Promise<void> {
  const { disk, folders, blob } = reception;
  try {
    const kept = await fitsResuming(partial, blob.size);
    await expectRoom(disk, partial, blob.size - kept);
    if (!(await fill(reception, partial, kept))) {
      // What a power cut has torn is found here only: everything once more, from its source.
      if (kept === 0 || !(await fill(reception, partial, 0))) {
        throw blobMismatch(blob.digest, "has other bytes than its digest says");
      }
    }
    await partial.file.sync();
    await partial.file.seal();
    await ensureFolder(disk, folders.blobs);
    await disk.rename(partial.path, path);
    await disk.syncFolder(folders.blobs);
  } catch (error) {
    // Only what a source broke off is worth resuming.
    if (error instanceof SourceFailure) throw error.cause;
    await disk.removeFile(partial.path).catch(() => {});
    throw error;
  }
}

/** How many bytes of the partial file may be resumed. */
async function fitsResuming(partial: PartialFile, size: number): Promise<number> {
  const { size: kept } = await partial.file.entry();
  return kept > size ? 0 : kept;
}

/** A full disk is found before anything is fetched. A size that is a lie is refused here as well. */
async function expectRoom(disk: Disk, partial: PartialFile, neededBytes: number): Promise<void> {
  if (neededBytes > (await disk.freeBytes(partial.path))) throw diskFailure("write", partial.path, "ENOSPC");
}

/** @returns whether the file has the blob now; too few or too many bytes are thrown at once */
async function fill({ blob, read, onProgress }: Reception, partial: PartialFile, kept: number) {
  if (kept === 0) await partial.file.truncate(0);
  const writer = new BlobWriter(partial.file);
  try {
    if (kept > 0) {
      await writer.resume(kept);
      onProgress(writer.size);
    }
    if (writer.size < blob.size) {
      for await (const chunk of fromSource(read, writer.size)) {
        if (writer.size + chunk.byteLength > blob.size)
          throw blobMismatch(blob.digest, `is longer than its ${blob.size} bytes`);
        await writer.push(chunk);
        onProgress(writer.size);
      }
    }
    if (writer.size < blob.size) {
      throw blobMismatch(blob.digest, `ends after ${writer.size} of ${blob.size} bytes`);
    }
    return (await writer.finish()) === digestHex(blob.digest);
  } finally {
    await writer.settle();
  }
}

async function* fromSource(read: BlobReader, offset: number): AsyncGenerator<Uint8Array> {
  try {
    yield* read(offset);
  } catch (error) {
    throw new SourceFailure("the source failed", { cause: error });
  }
}
