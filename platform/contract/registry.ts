// A registry as we use it: one repository, its manifests and blobs, streamed in both directions.
import type { Digest } from "../base/digest.ts";
import type { OciReference } from "../base/oci-reference.ts";
import type { Descriptor } from "./oci.ts";

/** How a blob came to be in a repository. */
export type BlobOutcome = "present" | "mounted" | "uploaded";

/** Where the bytes of an upload come from; asked again, from a later offset, when the connection broke. */
export type BlobReader = (offset: number) => AsyncIterable<Uint8Array>;

export interface BlobUpload {
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  readonly read: BlobReader;
  /** The same bytes as a file, where there is one: the fast way. It is read from `fileOffset` (default 0) on. */
  readonly file?: string;
  readonly fileOffset?: number;
  /** Another repository of the same registry that may have it already. */
  readonly mountFrom?: string;
  /** Told the bytes that the registry has so far. */
  readonly onProgress?: (uploadedBytes: number) => void;
}

export interface WrittenManifest {
  readonly digest: Digest;
}

/** Every method throws RemoteMediaError `registry-unreachable`, `registry-failed`, `registry-denied`, `registry-missing` or `registry-insecure`;
 * what came is bounded, and what was asked for by digest has that digest, else `digest-mismatch`. */
export interface Repository {
  /** `host[:port]`. */
  readonly host: string;
  /** `a/b/c`, without the host. */
  readonly name: string;
  /** What a tag or digest stands for now; undefined where there is no such manifest. */
  resolve(tagOrDigest: string): Promise<Descriptor | undefined>;
  /** The manifest or index as it is, at most `maxManifestBytes`. @throws `registry-missing` */
  readManifest(tagOrDigest: string): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }>;
  /** Whether a blob of this digest and size is there. */
  hasBlob(blob: Pick<Descriptor, "digest" | "size">): Promise<boolean>;
  /** How large a blob is of which only the digest is known; undefined where it isn't there. */
  sizeOfBlob(digest: Digest): Promise<number | undefined>;
  /** The blob's bytes from `offset` (default 0) to its end, never more or fewer than `size` says. Broken connections are resumed inside, by
   * range. Nobody has hashed them: who takes them does. */
  readBlob(blob: Pick<Descriptor, "digest" | "size">, offset?: number): AsyncIterable<Uint8Array>;
  /** Asks first whether it is there, then mounts, then uploads. */
  writeBlob(upload: BlobUpload): Promise<BlobOutcome>;
  /** Writes by digest, and under `tag` where one is given. A manifest with a `subject` is entered in the fallback tag of its subject
   * where the registry has no referrers API. */
  writeManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<WrittenManifest>;
  /** The manifests whose subject this is; by the referrers API, else by the fallback tag. */
  listReferrers(subject: Digest): Promise<readonly Descriptor[]>;
}

/** Opens the repository of a reference. Makes no request yet. */
export type OpenRepository = (reference: OciReference) => Repository;
