// The local store: blobs by digest, unpacked views of packages, and what is remembered of each package. Safe among processes, and under a kill at any moment.
import type { Digest } from "../base/digest.ts";
import type { Descriptor } from "./oci.ts";
import type { BlobReader } from "./registry.ts";

type Blob = Pick<Descriptor, "digest" | "size">;

/** A file of an unpacked view: a stored blob, or bytes of its own. `path` is relative, inside, with forward slashes. */
export type ViewEntry = { readonly path: string } & (
  | { readonly digest: Digest }
  | { readonly bytes: Uint8Array }
);

/** What is remembered of a package; the parts it needs are what `gc` keeps. */
export interface PackageRecord {
  /** Of its manifest. */
  readonly digest: Digest;
  /** The pipeline's name. */
  readonly name: string;
  /** `oci://…` references under which it was pulled, newest last; empty for a package that came as a file. */
  readonly references: readonly string[];
  /** Every blob that it needs: its manifest, config, layers, and its signatures' manifests with their parts. */
  readonly blobs: readonly Blob[];
  /** The manifests of its signatures and provenance. */
  readonly referrers: readonly Descriptor[];
  /** When it came, and when it was last run; ISO 8601, UTC. */
  readonly stored: string;
  readonly used: string;
  /** Why `gc` keeps it, such as `active`, `previous` or `pinned`; empty: it may go. */
  readonly pins: readonly string[];
}

export interface SweepReport {
  /** Packages and blobs that went, and the bytes that this freed. */
  readonly packages: readonly Digest[];
  readonly blobs: number;
  readonly freedBytes: number;
}

/** Every method throws RemoteMediaError `store-failed` (a full or broken disk, with what to do), and `digest-mismatch` where bytes aren't what they should be. */
export interface PackageStore {
  /** A blob's size; undefined where it isn't stored. Its bytes are not read. */
  sizeOf(digest: Digest): Promise<number | undefined>;
  /** The whole blob, checked against its digest. For small ones. */
  read(blob: Blob): Promise<Uint8Array>;
  /** The file that has the blob's bytes; it is never written again. */
  fileOf(digest: Digest): string;
  /** Takes a blob in: resumes what an earlier try left in `partial/`, hashes as it streams, fsyncs, renames. Two processes that take in the
   * same blob don't harm each other. `onProgress` is told the bytes that are there so far. */
  receive(
    blob: Blob,
    read: BlobReader,
    onProgress?: (receivedBytes: number) => void,
  ): Promise<"present" | "received">;
  /** Puts bytes that are in memory. */
  write(bytes: Uint8Array): Promise<Digest>;
  /** The folder of a package's unpacked view, where it is whole. */
  findView(digest: Digest): Promise<string | undefined>;
  /** Makes the view from stored blobs, hard-linked, read-only; appears as a whole or not at all. Gives its folder. */
  createView(digest: Digest, entries: readonly ViewEntry[]): Promise<string>;
  record(digest: Digest): Promise<PackageRecord | undefined>;
  records(): Promise<readonly PackageRecord[]>;
  /** Changes a package's record as one step among processes; `change` is given what is there. */
  remember(
    digest: Digest,
    change: (known: PackageRecord | undefined) => PackageRecord,
  ): Promise<PackageRecord>;
  /** Holds a package against `sweep` of other processes for as long as this one lives, or until disposed. */
  hold(digest: Digest): Promise<AsyncDisposable>;
  /** Removes every package without a pin and without a holder, and all that nobody needs. `everything`: pinned ones too. */
  sweep(everything?: boolean): Promise<SweepReport>;
  /** A small file of `state/` by name (`[a-z0-9.-]+`), whole or undefined. */
  readState(name: string): Promise<Uint8Array | undefined>;
  /** Replaces it: after a power cut it is the old one or the new one. Returns when it is on the disk. */
  writeState(name: string, bytes: Uint8Array): Promise<void>;
}
