// A package as a file: an OCI image layout in a tar, the same bytes for the same package. skopeo, oras and cosign read it.
import { createHash } from "node:crypto";
import { type Digest, digestHex } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";
import { imageIndexType } from "../../platform/contract/oci.ts";
import { canonicalJson } from "./canonical-json.ts";
import { readBytes } from "./collect-blob.ts";
import { indexDigest, indexDigestAnnotation, layoutVersion, refNameAnnotation } from "./layout-index.ts";
import { type PackageManifest, packageType, partName } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";
import type { AttachedReferrer } from "./signature-manifest.ts";
import { tarEnd, tarPadding, writeTarHeader } from "./tar-writer.ts";

/** The name of the package in the index: what stands behind the colon in `oci-archive:FILE:latest`. */
export const packageName = "latest";

export interface PackageFile {
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** The file's bytes in order, for `writeWholeFile`; each blob is held to its size and digest on the way.
   * @throws RemoteMediaError `digest-mismatch`, and what the source throws */
  chunks(): AsyncIterable<Uint8Array>;
}

interface TarMember {
  readonly path: string;
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

/** A file that is complete: the base modules' bytes are in it too. `referrers` are what is attached, with what their manifests point to. */
export function writePackageFile(
  source: Pick<PackageSource, "manifest" | "read">,
  referrers: readonly AttachedReferrer[],
): PackageFile {
  const members = listMembers(source, referrers);
  const size = members.reduce((total, { path, size }) => {
    return total + writeTarHeader(path, size).length + size + tarPadding(size).length;
  }, tarEnd().length);
  return { size, chunks: () => writeMembers(members) };
}

async function* writeMembers(members: readonly TarMember[]): AsyncGenerator<Uint8Array> {
  for (const { path, size, read } of members) {
    yield writeTarHeader(path, size);
    yield* read();
    yield tarPadding(size);
  }
  yield tarEnd();
}

/** In the order of their paths. */
function listMembers(
  source: Pick<PackageSource, "manifest" | "read">,
  referrers: readonly AttachedReferrer[],
): readonly TarMember[] {
  const { manifest } = source;
  const members = new Map<string, TarMember>();
  const add = (path: string, size: number, read: () => AsyncIterable<Uint8Array>) => {
    if (!members.has(path)) members.set(path, { path, size, read });
  };
  const addBytes = (path: string, bytes: Uint8Array) => add(path, bytes.length, () => readBytes(bytes));
  addBytes("oci-layout", canonicalJson(layoutVersion));
  addBytes("index.json", writeIndex(manifest, referrers));
  addBytes(blobPath(manifest.descriptor.digest), manifest.bytes);
  for (const { referrer, blobs } of referrers) {
    for (const { descriptor, bytes } of [referrer, ...blobs]) addBytes(blobPath(descriptor.digest), bytes);
  }
  for (const blob of manifest.blobs) {
    const part = partName(manifest, blob.digest);
    add(blobPath(blob.digest), blob.size, () => holdStream(source.read(blob), blob, part));
  }
  return [...members.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

function writeIndex(manifest: PackageManifest, referrers: readonly AttachedReferrer[]): Uint8Array {
  const own = {
    ...plain(manifest.descriptor),
    artifactType: packageType,
    annotations: { [refNameAnnotation]: packageName },
  };
  const attached = referrers.map(({ referrer: { descriptor }, tag }) => {
    const { [refNameAnnotation]: _, ...annotations } = descriptor.annotations ?? {};
    return {
      ...plain(descriptor),
      artifactType: descriptor.artifactType,
      annotations: { ...annotations, ...(tag === undefined ? {} : { [refNameAnnotation]: tag }) },
    };
  });
  attached.sort((one, other) => (one.digest < other.digest ? -1 : 1));
  const index = { schemaVersion: 2, mediaType: imageIndexType, manifests: [own, ...attached] };
  return canonicalJson({ ...index, annotations: { [indexDigestAnnotation]: indexDigest(index) } });
}

function plain({ mediaType, digest, size }: Descriptor) {
  return { mediaType, digest, size };
}

/** Gives the pieces on, and throws at the end unless they were the blob: whoever writes them throws the file away then. */
async function* holdStream(
  pieces: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
  part: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > size) break;
    hash.update(piece);
    yield piece;
  }
  const actual =
    length === size ? `sha256:${hash.digest("hex")}` : `${length > size ? "more" : "fewer"} bytes`;
  if (actual === digest) return;
  throw new RemoteMediaError("digest-mismatch", `${part} should be ${digest}; it has ${actual}`, {
    where: { digest },
    hint: "it was changed or damaged: get or build the package again",
  });
}
