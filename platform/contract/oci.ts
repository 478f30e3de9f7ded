// The OCI words that rooms share: a descriptor, and the media types of manifests.
import type { Digest } from "../base/digest.ts";

/** What points to bytes. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const imageManifestType = "application/vnd.oci.image.manifest.v1+json";
export const imageIndexType = "application/vnd.oci.image.index.v1+json";
export const emptyType = "application/vnd.oci.empty.v1+json";

/** No manifest or index may be larger, in bytes: what the distribution spec asks registries to take at least. */
export const maxManifestBytes = 4 * 1024 * 1024;
