// A package in the local store: all its parts are there, and nothing touches a network.
import { createReadStream } from "node:fs";
import type { Digest } from "../../platform/base/digest.ts";
import { imageManifestType } from "../../platform/contract/oci.ts";
import type { PackageRecord, PackageStore } from "../../platform/contract/package-store.ts";
import type { PackageSource } from "./package-source.ts";
import { parsePackageManifest } from "./parse-package-manifest.ts";

const readAheadBytes = 1024 * 1024;

/** Undefined where the store doesn't have the whole package. `repository` is what policies judge it by, `host/repository`: that of the
 * reference by which it was asked for. Blobs are read without hashing them: who takes them does.
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
    read: (blob, offset = 0) => readFrom(store.fileOf(blob.digest), offset),
    stretch: (blob) => ({ file: store.fileOf(blob.digest), fileOffset: 0 }),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function isWhole(record: PackageRecord, store: PackageStore): Promise<boolean> {
  const sizes = await Promise.all(record.blobs.map(({ digest }) => store.sizeOf(digest)));
  return record.blobs.every(({ size }, index) => sizes[index] === size);
}

async function* readFrom(file: string, offset: number): AsyncIterable<Uint8Array> {
  yield* createReadStream(file, { start: offset, highWaterMark: readAheadBytes });
}
