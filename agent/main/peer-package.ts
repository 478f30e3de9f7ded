// A package whose parts a peer gives: one more place where packages lie, believed as little as any.
import type { Digest } from "../../platform/base/digest.ts";
import { type Descriptor, imageManifestType } from "../../platform/contract/oci.ts";
import type { BlobTaker } from "../offload/take-blobs.ts";
import type { PackageSource, Referrer } from "../package/package-source.ts";
import { parsePackageManifest } from "../package/parse-package-manifest.ts";
import { hashPackageBytes, parseReferrerList } from "./peer-parts.ts";

const maxManifestBytes = 4 * 1024 * 1024;
const maxListBytes = 256 * 1024;

/** @throws RemoteMediaError `package-invalid`, `digest-mismatch`, and what taking its parts throws */
export async function openPeerPackage(
  taker: BlobTaker,
  digest: Digest,
  peer: string,
): Promise<PackageSource> {
  const bytes = await taker.readWhole(digest, maxManifestBytes);
  hashPackageBytes(bytes, digest, "the package's manifest");
  const descriptor: Descriptor = { mediaType: imageManifestType, digest, size: bytes.length };
  const referrers = async (): Promise<readonly Referrer[]> => {
    const listed = parseReferrerList(await taker.readWhole("signatures", maxListBytes));
    return Promise.all(
      listed.map(async (one) => {
        const read = await taker.readWhole(one.digest, maxManifestBytes);
        hashPackageBytes(read, one.digest, "a signature's manifest");
        return { descriptor: one, bytes: read };
      }),
    );
  };
  return {
    name: `the package of ${peer}`,
    manifest: parsePackageManifest(descriptor, bytes),
    referrers,
    read: (blob, offset = 0) => taker.read(blob.digest, offset),
    [Symbol.asyncDispose]: async () => {},
  };
}
