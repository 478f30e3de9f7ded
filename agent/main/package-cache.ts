// `cache`: what the store has of packages, what of it stays, and how it goes.
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { PackageRecord, PackageStore, SweepReport } from "../../platform/contract/package-store.ts";

export interface CachedPackage {
  readonly digest: Digest;
  readonly name: string;
  readonly references: readonly string[];
  /** Of all its blobs, in bytes; some may be shared with other packages. */
  readonly size: number;
  /** Why it is kept. */
  readonly pins: readonly string[];
  /** ISO 8601. */
  readonly stored: string;
  readonly used: string;
}

export interface CacheListing {
  /** The last used first. */
  readonly packages: readonly CachedPackage[];
  /** In bytes, each blob once. */
  readonly size: number;
}

/** What the command pins with; others pin by other words. */
const pinned = "pinned";

export async function listCache(store: PackageStore): Promise<CacheListing> {
  const records = await store.records();
  const blobs = new Map(records.flatMap((record) => record.blobs).map(({ digest, size }) => [digest, size]));
  const packages = records.map((record) => ({
    digest: record.digest,
    name: record.name,
    references: record.references,
    size: record.blobs.reduce((sum, { size }) => sum + size, 0),
    pins: record.pins,
    stored: record.stored,
    used: record.used,
  }));
  packages.sort((one, other) => (one.used < other.used ? 1 : -1));
  return { packages, size: [...blobs.values()].reduce((sum, size) => sum + size, 0) };
}

/** @throws RemoteMediaError `usage` where something is pinned and this isn't forced */
export async function clearCache(store: PackageStore, force: boolean): Promise<SweepReport> {
  const kept = (await store.records()).filter(({ pins }) => pins.length > 0);
  if (kept.length > 0 && !force) {
    const names = kept.slice(0, 3).map(({ name, pins }) => `${name} (${pins.join(", ")})`);
    const more = kept.length > names.length ? ` and ${kept.length - names.length} more` : "";
    throw new RemoteMediaError("usage", `cache clear: kept are ${names.join(", ")}${more}`, {
      hint: "cache gc removes what nobody needs; --force removes these, too",
    });
  }
  return store.sweep(true);
}

/** Pins a package against `gc`, or lets go of it. @throws RemoteMediaError `package-missing`, `reference-invalid` */
export async function pinPackage(
  store: PackageStore,
  reference: string,
  isPinned: boolean,
): Promise<PackageRecord> {
  const { digest } = findRecord(await store.records(), reference);
  return store.remember(digest, (known) => {
    if (known === undefined) throw notThere(reference);
    const others = known.pins.filter((pin) => pin !== pinned);
    return { ...known, pins: isPinned ? [...others, pinned] : others };
  });
}

/** By digest or the beginning of one, by reference, or by the pipeline's name where only one has it. */
function findRecord(records: readonly PackageRecord[], reference: string): PackageRecord {
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1] ?? reference;
  const found = records.filter(
    (record) =>
      record.digest === digest ||
      (!isDigest(digest) && (record.references.includes(reference) || record.name === reference)) ||
      (/^(?:sha256:)?[0-9a-f]{8,}$/.test(reference) &&
        record.digest.replace(/^sha256:/, "").startsWith(reference.replace(/^sha256:/, ""))),
  );
  const [record, other] = found;
  if (record === undefined) throw notThere(reference);
  if (other === undefined) return record;
  throw new RemoteMediaError("reference-invalid", `${reference} means ${found.length} packages`, {
    hint: "name one by its digest: remotemedia cache list shows them",
  });
}

function notThere(reference: string): RemoteMediaError {
  return new RemoteMediaError("package-missing", `${reference} is not in the store`, {
    hint: "remotemedia cache list shows what is there; remotemedia pull fetches a package",
  });
}
