// What a sweep removes, decided from what is there.
import type { Digest } from "../base/digest.ts";
import type { PackageRecord } from "../contract/package-store.ts";
import { neededBlobs } from "./record-files.ts";

export interface StoreContents {
  /** Only those that are whole. */
  readonly records: readonly PackageRecord[];
  /** What each folder has. */
  readonly recordFiles: readonly Digest[];
  readonly views: readonly Digest[];
  readonly listings: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** Packages that somebody runs. */
  readonly held: ReadonlySet<Digest>;
  /** Blobs and packages that somebody is taking in. */
  readonly leased: ReadonlySet<Digest>;
}

export interface SweepPlan {
  /** Packages whose record or view goes. */
  readonly packages: readonly Digest[];
  readonly recordFiles: readonly Digest[];
  readonly views: readonly Digest[];
  readonly listings: readonly Digest[];
  readonly blobs: readonly Digest[];
}

/** @param everything whether pins don't count; who runs or takes in a package always does */
export function planSweep(contents: StoreContents, everything: boolean): SweepPlan {
  const { records, held, leased } = contents;
  const kept = records.filter(
    ({ digest, pins }) => held.has(digest) || leased.has(digest) || (pins.length > 0 && !everything),
  );
  const packages = new Set([...held, ...leased, ...kept.map(({ digest }) => digest)]);
  const blobs = new Set([...packages, ...kept.flatMap(neededBlobs)]);
  const keptRecords = new Set(kept.map(({ digest }) => digest));
  const goes = (known: ReadonlySet<Digest>) => (digest: Digest) => !known.has(digest);
  const recordFiles = contents.recordFiles.filter(goes(keptRecords));
  const views = contents.views.filter(goes(packages));
  return {
    packages: [...new Set([...recordFiles, ...views])],
    recordFiles,
    views,
    listings: contents.listings.filter(goes(packages)),
    blobs: contents.blobs.filter(goes(blobs)),
  };
}
