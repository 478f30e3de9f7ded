// Blobs for tests of stores: bytes that are known by their length, sources that give them, records that name them.
import { createHash } from "node:crypto";
import type { Digest } from "../../platform/base/digest.ts";
import type { PackageRecord } from "../../platform/contract/package-store.ts";
import type { BlobReader } from "../../platform/contract/registry.ts";

export interface TestBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** Bytes without a period that a mistaken offset could hide in; `seed` makes others of the same length. */
export function patternBytes(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (length ^ (seed * 0x9e3779b9)) >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
  return bytes;
}

export function testBlob(size: number, seed = 0): TestBlob {
  const bytes = patternBytes(size, seed);
  return { digest: digestOf(bytes), size, bytes };
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A source that gives the bytes in pieces. Each piece is overwritten when the next is asked for, as a buffer that is used again. */
export function chunksOf(bytes: Uint8Array, chunkBytes = 65_536): BlobReader {
  return async function* (offset) {
    for (let start = offset; start < bytes.byteLength; start += chunkBytes) {
      const chunk = bytes.slice(start, start + chunkBytes);
      yield chunk;
      chunk.fill(0);
    }
  };
}

/** A source that must not be asked. */
export const unread: BlobReader = () => {
  throw new Error("nobody may read this");
};

export function recordOf(manifest: Pick<TestBlob, "digest">, record: Partial<PackageRecord>): PackageRecord {
  return {
    digest: manifest.digest,
    name: "test",
    references: ["oci://localhost/test:1"],
    stored: "2026-01-01T00:00:00Z",
    used: "2026-01-01T00:00:00Z",
    pins: [],
    ...record,
    // Without the bytes of test blobs: a record is what comes back from a disk.
    blobs: (record.blobs ?? []).map(({ digest, size }) => ({ digest, size })),
    referrers: (record.referrers ?? []).map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
  };
}
