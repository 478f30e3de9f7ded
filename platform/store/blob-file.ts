// A stored blob: found by its digest, and given only where it has that digest.
import { type Digest, digestHex } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import type { Descriptor } from "../contract/oci.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { digestFile, type StoreFolders } from "./store-folders.ts";

/** What is larger isn't taken into memory as a whole. */
const maxReadBytes = 256 * 1024 * 1024;
const sliceBytes = 1024 * 1024;

/** @param why such as `ends after 3 of 5 bytes` */
export function blobMismatch(digest: Digest, why: string): RemoteMediaError {
  return new RemoteMediaError("digest-mismatch", `the blob ${digest} ${why}`, { where: { digest } });
}

/** The whole blob. One that has other bytes is removed, so that the next `receive` fetches it again. */
export async function readBlob(
  disk: Disk,
  folders: StoreFolders,
  blob: Pick<Descriptor, "digest" | "size">,
): Promise<Uint8Array> {
  const path = digestFile(folders.blobs, blob.digest);
  const entry = await disk.entry(path);
  if (entry === undefined) throw blobMissing(blob.digest);
  if (entry.size === blob.size && entry.size > maxReadBytes) {
    throw new RemoteMediaError("store-failed", `the blob ${blob.digest} is too large to be read at once`, {
      where: { digest: blob.digest },
    });
  }
  if (entry.size === blob.size) {
    const bytes = await readWhole(disk, path, blob.size);
    if (Bun.CryptoHasher.hash("sha256", bytes, "hex") === digestHex(blob.digest)) return bytes;
  } else if (await isBlobWhole(disk, path, blob.digest)) {
    throw blobMismatch(blob.digest, `has ${entry.size} bytes, not ${blob.size}`);
  }
  await disk.removeFile(path);
  throw blobMismatch(blob.digest, "was changed in the store, and is removed from it; fetch it again");
}

export function blobMissing(digest: Digest): RemoteMediaError {
  return new RemoteMediaError("store-failed", `the blob ${digest} isn't in the store`, {
    where: { digest },
    hint: "pull or install the package again",
  });
}

/** Whether a file has the bytes of the digest, of whatever size. */
export async function isBlobWhole(disk: Disk, path: string, digest: Digest): Promise<boolean> {
  const file = await disk.open(path, "read");
  try {
    const hasher = new Bun.CryptoHasher("sha256");
    const slice = new Uint8Array(sliceBytes);
    for (let offset = 0; ; ) {
      const length = await file.read(slice, offset);
      if (length === 0) return hasher.digest("hex") === digestHex(digest);
      hasher.update(slice.subarray(0, length));
      offset += length;
    }
  } finally {
    await file.close();
  }
}

/** A file's first `maxBytes` bytes, or all that it has. */
export async function readWhole(disk: Disk, path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  try {
    return await readOpen(file, maxBytes);
  } finally {
    await file.close();
  }
}

async function readOpen(file: DiskFile, maxBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min((await file.entry()).size, maxBytes));
  let filled = 0;
  while (filled < bytes.byteLength) {
    const length = await file.read(bytes.subarray(filled), filled);
    if (length === 0) break;
    filled += length;
  }
  return bytes.subarray(0, filled);
}
