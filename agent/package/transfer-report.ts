// What a push or a pull moved, and what it found there already.
import type { Digest } from "../../platform/base/digest.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";

/** What a blob is to its package. `signature` is any part of a signature or attestation. */
export type PartRole = "manifest" | "config" | "layer" | "signature";

/** `moved`: its bytes travelled, all or the rest of them; `present`: they were there; `mounted`: the registry took them from another of its repositories. */
export type TransferOutcome = "moved" | "present" | "mounted";

export interface TransferredPart {
  /** A layer's path, else what it is: `manifest`, `config`, `signature manifest`, … */
  readonly part: string;
  readonly role: PartRole;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly outcome: TransferOutcome;
  /** Bytes that travelled: less than `size` where an earlier try had left some. */
  readonly movedBytes: number;
}

/** Sizes in bytes; each digest is counted once, however many paths have it. */
export interface TransferReport {
  /** Of the package's manifest. */
  readonly digest: Digest;
  readonly movedBytes: number;
  readonly presentBytes: number;
  readonly mountedBytes: number;
  readonly movedParts: number;
  readonly presentParts: number;
  readonly mountedParts: number;
  /** In the order of the package: manifest, config, layers, signatures. */
  readonly parts: readonly TransferredPart[];
}

/** Told while a transfer goes on. What was there already counts as done. */
export interface TransferProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** The part that moved last. */
  readonly part: string;
}

/** A part that is to be moved. */
export interface TransferPart {
  readonly part: string;
  readonly role: PartRole;
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
}

/** Sums up what became of every part; of one that is listed twice, the first time counts. */
export function describeTransfer(digest: Digest, all: readonly TransferredPart[]): TransferReport {
  const parts = [...new Map(all.toReversed().map((part) => [part.digest, part])).values()].toReversed();
  const of = (outcome: TransferOutcome) => parts.filter((part) => part.outcome === outcome);
  const bytes = (some: readonly TransferredPart[]) => some.reduce((sum, { size }) => sum + size, 0);
  const [moved, present, mounted] = [of("moved"), of("present"), of("mounted")];
  const movedBytes = moved.reduce((sum, part) => sum + part.movedBytes, 0);
  return {
    digest,
    movedBytes,
    presentBytes: bytes(present) + Math.max(0, bytes(moved) - movedBytes),
    mountedBytes: bytes(mounted),
    movedParts: moved.length,
    presentParts: present.length,
    mountedParts: mounted.length,
    parts,
  };
}
