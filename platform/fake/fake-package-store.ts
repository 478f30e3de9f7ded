// FakePackageStore: a package store in memory, for tests of whatever installs, runs and removes packages.
import { createHash } from "node:crypto";
import { type Digest, digestHex } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import type { PackageRecord, PackageStore, SweepReport, ViewEntry } from "../contract/package-store.ts";

/** What stores of several processes have in common: the disk, so to say. A test may look into it, and change it. */
export class FakeStoreContents {
  readonly blobs = new Map<Digest, Uint8Array>();
  /** What an interrupted `receive` has left. */
  readonly partials = new Map<Digest, Uint8Array>();
  /** The files of each unpacked view by their path. */
  readonly views = new Map<Digest, Map<string, Uint8Array>>();
  readonly records = new Map<Digest, PackageRecord>();
  readonly state = new Map<string, Uint8Array>();
  /** One entry a holder. */
  readonly holds: Digest[] = [];
  /** What each open store has taken in and not remembered yet. */
  readonly leases = new Set<Set<Digest>>();
  /** Where the disk would be full, in bytes of blobs. */
  capacityBytes = Number.POSITIVE_INFINITY;
}

/** A store over `contents`; give the same ones again to have what another process would. Its paths name no real files. */
export function openFakePackageStore(contents = new FakeStoreContents()): PackageStore & AsyncDisposable {
  const lease = new Set<Digest>();
  contents.leases.add(lease);
  return {
    async sizeOf(digest) {
      return contents.blobs.get(digest)?.byteLength;
    },
    async read(blob) {
      const bytes = contents.blobs.get(blob.digest);
      if (bytes === undefined) throw missing(blob.digest);
      if (bytes.byteLength === blob.size && digestOf(bytes) === blob.digest) return bytes.slice();
      throw mismatch(blob.digest, "isn't what was stored");
    },
    fileOf: (digest) => `/fake-store/blobs/sha256/${digestHex(digest)}`,
    async receive(blob, read, onProgress) {
      lease.add(blob.digest);
      const known = contents.blobs.get(blob.digest);
      if (known !== undefined) {
        if (known.byteLength !== blob.size) throw mismatch(blob.digest, "has another size");
        onProgress?.(blob.size);
        return "present";
      }
      const kept = contents.partials.get(blob.digest) ?? new Uint8Array(0);
      contents.partials.delete(blob.digest);
      let bytes = await collect(contents, blob, kept, read, onProgress);
      if (kept.byteLength > 0 && digestOf(bytes) !== blob.digest)
        bytes = await collect(contents, blob, new Uint8Array(0), read, onProgress);
      if (digestOf(bytes) !== blob.digest) throw mismatch(blob.digest, "has other bytes");
      contents.blobs.set(blob.digest, bytes);
      return "received";
    },
    async write(bytes) {
      const digest = digestOf(bytes);
      await this.receive({ digest, size: bytes.byteLength }, () => once(bytes));
      return digest;
    },
    async findView(digest) {
      return contents.views.has(digest) ? viewFolder(digest) : undefined;
    },
    async createView(digest, entries) {
      lease.add(digest);
      const files = new Map(entries.map((entry) => [entry.path, bytesOf(contents, entry)]));
      if (files.size < entries.length)
        throw new RemoteMediaError("package-invalid", "a path is there twice", { where: { digest } });
      if (!contents.views.has(digest)) contents.views.set(digest, files);
      return viewFolder(digest);
    },
    async record(digest) {
      return contents.records.get(digest);
    },
    async records() {
      return [...contents.records.values()];
    },
    async remember(digest, change) {
      const record = change(contents.records.get(digest));
      contents.records.set(digest, record);
      for (const needed of [digest, ...neededBlobs(record)]) lease.delete(needed);
      return record;
    },
    async hold(digest) {
      contents.holds.push(digest);
      let isHeld = true;
      return {
        async [Symbol.asyncDispose]() {
          if (isHeld) contents.holds.splice(contents.holds.indexOf(digest), 1);
          isHeld = false;
        },
      };
    },
    sweep: async (everything = false) => sweep(contents, everything),
    async readState(name) {
      return contents.state.get(name)?.slice();
    },
    async writeState(name, bytes) {
      contents.state.set(name, bytes.slice());
    },
    async [Symbol.asyncDispose]() {
      contents.leases.delete(lease);
    },
  };
}

async function collect(
  contents: FakeStoreContents,
  blob: { digest: Digest; size: number },
  kept: Uint8Array,
  read: (offset: number) => AsyncIterable<Uint8Array>,
  onProgress: ((receivedBytes: number) => void) | undefined,
): Promise<Uint8Array> {
  const parts = [kept.slice(0, blob.size)];
  let received = parts[0]!.byteLength;
  if (received > 0) onProgress?.(received);
  if (received < blob.size || blob.size === 0) {
    try {
      for await (const chunk of read(received)) {
        parts.push(chunk.slice());
        received += chunk.byteLength;
        if (received > blob.size) break;
        if (storedBytes(contents) + received > contents.capacityBytes) {
          throw new RemoteMediaError("store-failed", "the disk is full", { where: { digest: blob.digest } });
        }
        onProgress?.(received);
      }
    } catch (error) {
      contents.partials.set(blob.digest, Buffer.concat(parts));
      throw error;
    }
  }
  if (received !== blob.size) throw mismatch(blob.digest, `has ${received} bytes, not ${blob.size}`);
  return new Uint8Array(Buffer.concat(parts));
}

function sweep(contents: FakeStoreContents, everything: boolean): SweepReport {
  const held = new Set(contents.holds);
  const needed = new Set<Digest>([...contents.leases].flatMap((lease) => [...lease]));
  const packages: Digest[] = [];
  for (const [digest, record] of contents.records) {
    if (held.has(digest) || (record.pins.length > 0 && !everything)) {
      for (const blob of [digest, ...neededBlobs(record)]) needed.add(blob);
    } else packages.push(digest);
  }
  for (const digest of packages) contents.records.delete(digest);
  for (const digest of contents.views.keys()) {
    if (needed.has(digest) || held.has(digest)) continue;
    contents.views.delete(digest);
    if (!packages.includes(digest)) packages.push(digest);
  }
  const before = storedBytes(contents);
  const gone = [...contents.blobs.keys()].filter((digest) => !needed.has(digest));
  for (const digest of gone) contents.blobs.delete(digest);
  contents.partials.clear();
  return { packages, blobs: gone.length, freedBytes: before - storedBytes(contents) };
}

function bytesOf(contents: FakeStoreContents, entry: ViewEntry): Uint8Array {
  if (!/^[^/]+(\/[^/]+)*$/.test(entry.path) || /(^|\/)\.\.?(\/|$)/.test(entry.path))
    throw new RemoteMediaError("package-invalid", "a path leads out of the package");
  if ("bytes" in entry) return entry.bytes.slice();
  const bytes = contents.blobs.get(entry.digest);
  if (bytes === undefined) throw missing(entry.digest);
  return bytes;
}

function neededBlobs(record: PackageRecord): readonly Digest[] {
  return [...record.blobs, ...record.referrers].map((blob) => blob.digest);
}

function storedBytes(contents: FakeStoreContents): number {
  return [...contents.blobs.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
}

function viewFolder(digest: Digest): string {
  return `/fake-store/pipelines/${digestHex(digest)}`;
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function missing(digest: Digest): RemoteMediaError {
  return new RemoteMediaError("store-failed", `the blob ${digest} isn't in the store`, { where: { digest } });
}

function mismatch(digest: Digest, why: string): RemoteMediaError {
  return new RemoteMediaError("digest-mismatch", `the blob ${digest} ${why}`, { where: { digest } });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
