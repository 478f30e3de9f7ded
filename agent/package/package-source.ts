// Where a package's parts lie: a file, a registry's repository, the local store. One interface, and nothing is believed before it is hashed.
import type { Descriptor } from "../../platform/contract/oci.ts";
import type { BlobUpload } from "../../platform/contract/registry.ts";
import type { PackageManifest } from "./package-manifest.ts";

/** A manifest that has the package as its subject, or stands at cosign's tag for it. */
export interface Referrer {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

type Blob = Pick<Descriptor, "digest" | "size">;

export interface PackageSource extends AsyncDisposable {
  /** For messages: the file's path or the reference. */
  readonly name: string;
  /** `host/repository` where that is where it came from. */
  readonly repository?: string;
  /** Read, hashed, parsed. */
  readonly manifest: PackageManifest;
  /** Signatures and attestations in both layouts, each held to its digest; at most 64. Not yet verified. */
  referrers(): Promise<readonly Referrer[]>;
  /** A blob's bytes from `offset` (default 0) on. Nobody has hashed them. */
  read(blob: Blob, offset?: number): AsyncIterable<Uint8Array>;
  /** Where the blob lies as a plain stretch of a file, which is the fast way to copy it; undefined elsewhere. */
  stretch?(blob: Blob): Pick<BlobUpload, "file" | "fileOffset"> | undefined;
}
