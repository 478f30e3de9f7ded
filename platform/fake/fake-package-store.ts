// FakePackageStore: a package store in memory, for tests of whatever installs, runs and removes packages.
import { createHash } from "node:crypto";
import { type Digest, digestHex, parseDigest } from "../base/digest.ts";
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
      check(digest);
      return contents.blobs.get(digest)?.byteLength;
    },
    async read(blob) {
      check(blob.digest);
      const bytes = contents.blobs.get(blob.digest);
      if (bytes === undefined) throw missing(blob.digest);
      if (digestOf(bytes) === blob.digest) {
        if (bytes.byteLength === blob.size) return bytes.slice();
        throw mismatch(blob.digest, "has another size");
      }
      contents.blobs.delete(blob.digest);
      throw mismatch(blob.digest, "isn't what was stored");
    },
    fileOf: (digest) => `/fake-store/blobs/sha256/${digestHex(check(digest))}`,
    async receive(blob, read, onProgress) {
      check(blob.digest);
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
      check(digest);
      return contents.views.has(digest) ? viewFolder(digest) : undefined;
    },
    async createView(digest, entries) {
      lease.add(check(digest));
      const files = new Map(entries.map((entry) => [entry.path, bytesOf(contents, entry)]));
      const folders = entries.flatMap(({ path }) => foldersOf(path));
      if (files.size < entries.length || folders.some((folder) => files.has(folder)))
        throw new RemoteMediaError("package-invalid", "a path is there twice", { where: { digest } });
      if (!contents.views.has(digest)) contents.views.set(digest, files);
      return viewFolder(digest);
    },
    async record(digest) {
      return contents.records.get(check(digest));
    },
    async records() {
      return [...contents.records.values()];
    },
    async remember(digest, change) {
      const record = change(contents.records.get(check(digest)));
      contents.records.set(digest, record);
      for (const needed of [digest, ...neededBlobs(record)]) lease.delete(needed);
      return record;
    },
    async hold(digest) {
      contents.holds.push(check(digest));
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
  const leased = new Set<Digest>([...contents.leases].flatMap((lease) => [...lease]));
  const needed = new Set(leased);
  const packages: Digest[] = [];
  for (const [digest, record] of contents.records) {
    if (held.has(digest) || leased.has(digest) || (record.pins.length > 0 && !everything)) {
      for (const blob of [digest, ...neededBlobs(record)]) needed.add(blob);
    } else packages.push(digest);
  }
  for (const digest of packages) contents.records.delete(digest);
  for (const digest of contents.views.keys()) {
    if (needed.has(digest) || held.has(digest)) continue;
    contents.views.delete(digest);
    if (!packages.includes(digest)) packages.push(digest);
  }
  const before = storedBytes(contents) + sumOf(contents.partials);
  const gone = [...contents.blobs.keys()].filter((digest) => !needed.has(digest));
  for (const digest of gone) contents.blobs.delete(digest);
  contents.partials.clear();
  return { packages, blobs: gone.length, freedBytes: before - storedBytes(contents) };
}

function bytesOf(contents: FakeStoreContents, entry: ViewEntry): Uint8Array {
  if (!isInside(entry.path)) throw new RemoteMediaError("package-invalid", "a path leads out of the package");
  if ("bytes" in entry) return entry.bytes.slice();
  const bytes = contents.blobs.get(entry.digest);
  if (bytes === undefined) throw missing(entry.digest);
  return bytes;
}

function isInside(path: string): boolean {
  const names = path.split("/");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const isName = (name: string) => !/^(|\.|\.\.)$|[\u0000-\u001f\u007f\\]/.test(name) && name.length <= 255;
  return names.length <= 32 && names.every(isName);
}

function foldersOf(path: string): readonly string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

function check(digest: Digest): Digest {
  return parseDigest(digest, "a package");
}

function neededBlobs(record: PackageRecord): readonly Digest[] {
  return [...record.blobs, ...record.referrers].map((blob) => blob.digest);
}

function storedBytes(contents: FakeStoreContents): number {
  return sumOf(contents.blobs);
}

function sumOf(files: ReadonlyMap<Digest, Uint8Array>): number {
  return [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
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
