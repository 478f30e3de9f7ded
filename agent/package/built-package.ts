// A package that was just built: its own bytes in memory, the rest in the folder that it was built from.
import { open } from "node:fs/promises";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";
import { readBytes } from "./collect-blob.ts";
import { type PackageManifest, partName } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";
import type { AttachedReferrer } from "./signature-manifest.ts";

/** Where a blob's bytes are. */
export type BuiltBlob = { readonly bytes: Uint8Array } | { readonly file: string };

/** A file or base that went into the build, for its provenance. */
export interface BuildInput {
  /** Relative to the folder. */
  readonly path: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** `folder`, or the reference of the base that it was fetched from. */
  readonly from: string;
}

export interface BuiltPackage {
  readonly manifest: PackageManifest;
  /** Every blob of the manifest's `blobs`. */
  readonly blobs: ReadonlyMap<Digest, BuiltBlob>;
  /** Sorted by path, the manifest among them. */
  readonly inputs: readonly BuildInput[];
  /** Signatures and provenance that came with the folder and are still about this package. */
  readonly referrers: readonly AttachedReferrer[];
  /** What was left out or may be missed later, a sentence each. */
  readonly notices: readonly string[];
}

const pieceBytes = 256 * 1024;

/** The built package as a source, for `writePackageFile`, `pushPackage` and the rest. What changed in the folder since it was built is
 * found by whoever hashes what is read. `name` is for messages. */
export function openBuiltPackage(built: BuiltPackage, name: string): PackageSource {
  const { manifest, referrers } = built;
  const attached = new Map(
    referrers.flatMap(({ blobs }) => blobs).map(({ descriptor, bytes }) => [descriptor.digest, { bytes }]),
  );
  const find = (digest: Digest): BuiltBlob => {
    const found = built.blobs.get(digest) ?? attached.get(digest);
    if (found !== undefined) return found;
    throw new RemoteMediaError("package-invalid", `the package has no blob ${digest}`, { where: { digest } });
  };
  return {
    name,
    manifest,
    referrers: async () => referrers.map(({ referrer }) => referrer),
    async *read(blob, offset = 0) {
      const found = find(blob.digest);
      if ("bytes" in found) yield* readBytes(found.bytes, offset);
      else yield* readFile(found.file, blob, offset, partName(manifest, blob.digest));
    },
    stretch(blob) {
      const found = find(blob.digest);
      return "file" in found ? { file: found.file, fileOffset: 0 } : undefined;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* readFile(
  file: string,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  offset: number,
  part: string,
): AsyncGenerator<Uint8Array> {
  const changed = (why: string, cause?: unknown) =>
    new RemoteMediaError("package-invalid", `${part} was changed after it was built: ${why}`, {
      where: { file, digest },
      cause,
      hint: "build again when nobody writes it",
    });
  const handle = await open(file).catch((cause: Error) => {
    throw changed(cause.message, cause);
  });
  try {
    for (let at = offset; at < size; ) {
      const piece = new Uint8Array(Math.min(pieceBytes, size - at));
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw changed(`it ends at byte ${at}`);
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
