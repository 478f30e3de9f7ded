// A package in the local store: all its parts are there, and nothing touches a network.
import { createReadStream } from "node:fs";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { type Descriptor, imageManifestType } from "../../platform/contract/oci.ts";
import type { PackageRecord, PackageStore } from "../../platform/contract/package-store.ts";
import { readBytes } from "./collect-blob.ts";
import type { PackageSource } from "./package-source.ts";
import { parsePackageManifest } from "./parse-package-manifest.ts";

type Blob = Pick<Descriptor, "digest" | "size">;

/** A blob up to this size is read at once, a larger one in pieces of it. */
const wholeBytes = 1024 * 1024;

/** Undefined where the store doesn't have the whole package. `repository` is what policies judge it by, `host/repository`: that of the
 * reference by which it was asked for. Large blobs are read without hashing them: who takes them does.
 * @throws RemoteMediaError `store-failed`, `digest-mismatch` (its manifest or a signature's changed on the disk), `package-invalid` */
export async function openStoredPackage(
  store: PackageStore,
  digest: Digest,
  repository?: string,
): Promise<PackageSource | undefined> {
  const record = await store.record(digest);
  if (record === undefined || !(await isWhole(record, store))) return undefined;
  const size = record.blobs.find((blob) => blob.digest === digest)?.size;
  if (size === undefined) return undefined;
  const descriptor = { mediaType: imageManifestType, digest, size };
  const manifest = parsePackageManifest(descriptor, await store.read(descriptor));
  return {
    name: record.references.at(-1) ?? digest,
    ...(repository === undefined ? {} : { repository }),
    manifest,
    referrers: () =>
      Promise.all(record.referrers.map(async (one) => ({ descriptor: one, bytes: await store.read(one) }))),
    read: (blob, offset = 0) => readBlob(store, blob, offset),
    stretch: (blob) => ({ file: store.fileOf(blob.digest), fileOffset: 0 }),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function isWhole(record: PackageRecord, store: PackageStore): Promise<boolean> {
  const sizes = await Promise.all(record.blobs.map(({ digest }) => store.sizeOf(digest)));
  return record.blobs.every(({ size }, index) => sizes[index] === size);
}

async function* readBlob(store: PackageStore, blob: Blob, offset: number): AsyncIterable<Uint8Array> {
  if (blob.size <= wholeBytes) {
    yield* readBytes(await store.read(blob), offset);
    return;
  }
  try {
    yield* createReadStream(store.fileOf(blob.digest), { start: offset, highWaterMark: wholeBytes });
  } catch (cause) {
    const message = `a stored blob can't be read: ${toRemoteMediaError(cause).message}`;
    throw new RemoteMediaError("store-failed", message, { where: { digest: blob.digest }, cause });
  }
}
