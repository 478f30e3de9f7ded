// A registry's repositories in memory for tests: every request is listed, and any of them can be the one at which the registry dies.
import { digestBytes } from "../../../agent/package/collect-blob.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { type Descriptor, imageIndexType } from "../../../platform/contract/oci.ts";
import type { Repository } from "../../../platform/contract/registry.ts";

interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** One host. A test may look into it, and change it. */
export class MemoryRegistry {
  readonly host = "registry.test";
  readonly blobs = new Map<string, Map<Digest, Uint8Array>>();
  readonly manifests = new Map<string, Map<string, StoredManifest>>();
  /** `METHOD argument` of each request. */
  readonly requests: string[] = [];
  /** The request, counted from 0, at which it dies; it lives again when this is set to undefined. */
  diesAt: number | undefined;

  open(name: string): Repository {
    const blobs = this.#of(this.blobs, name);
    const manifests = this.#of(this.manifests, name);
    const ask = (request: string) => this.#ask(request);
    const describe = (found: StoredManifest): Descriptor => {
      const digest = digestBytes(found.bytes);
      return { mediaType: found.mediaType, digest, size: found.bytes.length };
    };
    return {
      host: this.host,
      name,
      async resolve(tagOrDigest) {
        ask(`HEAD ${tagOrDigest}`);
        const found = manifests.get(tagOrDigest);
        return found && describe(found);
      },
      async readManifest(tagOrDigest) {
        ask(`GET ${tagOrDigest}`);
        const found = manifests.get(tagOrDigest);
        if (found === undefined) throw new RemoteMediaError("registry-missing", `no ${tagOrDigest}`);
        return { descriptor: describe(found), bytes: found.bytes };
      },
      async hasBlob({ digest, size }) {
        ask(`HEAD ${digest}`);
        return blobs.get(digest)?.length === size;
      },
      sizeOfBlob: async (digest) => blobs.get(digest)?.length,
      readBlob: (blob, offset = 0) => this.#read(blob, blobs, offset),
      writeBlob: async ({ descriptor, read, mountFrom, onProgress }) => {
        ask(`HEAD ${descriptor.digest}`);
        if (blobs.has(descriptor.digest)) return "present";
        const mounted = mountFrom && this.blobs.get(mountFrom)?.get(descriptor.digest);
        if (mounted) {
          ask(`MOUNT ${descriptor.digest}`);
          blobs.set(descriptor.digest, mounted);
          return "mounted";
        }
        const chunks: Uint8Array[] = [];
        for await (const chunk of read(0)) {
          ask(`PATCH ${descriptor.digest}`);
          chunks.push(chunk);
          onProgress?.(Buffer.concat(chunks).length);
        }
        ask(`PUT ${descriptor.digest}`);
        const bytes = new Uint8Array(Buffer.concat(chunks));
        if (digestBytes(bytes) !== descriptor.digest) throw new RemoteMediaError("digest-mismatch", "no");
        blobs.set(descriptor.digest, bytes);
        return "uploaded";
      },
      writeManifest: async (bytes, mediaType, tag) => {
        const digest = digestBytes(bytes);
        ask(`PUT ${tag ?? digest}`);
        for (const part of partsOf(bytes)) {
          if (!blobs.has(part))
            throw new RemoteMediaError("registry-failed", `MANIFEST_BLOB_UNKNOWN ${part}`);
        }
        manifests.set(digest, { mediaType, bytes });
        if (tag !== undefined) manifests.set(tag, { mediaType, bytes });
        return { digest };
      },
      async listReferrers(subject) {
        ask(`LIST ${subject}`);
        const all = [...manifests].filter(([name, { bytes }]) => {
          return name.startsWith("sha256:") && parse(bytes).subject?.digest === subject;
        });
        return all.map(([, found]) => ({
          ...describe(found),
          artifactType: parse(found.bytes).artifactType ?? "",
        }));
      },
    };
  }

  async *#read(blob: Pick<Descriptor, "digest" | "size">, blobs: Map<Digest, Uint8Array>, offset: number) {
    this.#ask(`GET ${blob.digest}`);
    const bytes = blobs.get(blob.digest);
    if (bytes === undefined) throw new RemoteMediaError("registry-missing", `no ${blob.digest}`);
    for (let at = offset; at < blob.size; at += 4096) {
      yield bytes.subarray(at, at + 4096);
      this.#ask(`MORE ${blob.digest}`);
    }
  }

  #ask(request: string): void {
    const index = this.requests.push(request) - 1;
    if (this.diesAt !== undefined && index >= this.diesAt)
      throw new RemoteMediaError("registry-unreachable", "the connection broke");
  }

  #of<T>(all: Map<string, T>, name: string): T {
    if (!all.has(name)) all.set(name, new Map() as T);
    return all.get(name)!;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what a test looks into
function parse(bytes: Uint8Array): any {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function partsOf(bytes: Uint8Array): readonly Digest[] {
  const { mediaType, config, layers = [] } = parse(bytes);
  if (mediaType === imageIndexType) return [];
  return [config, ...layers].map(({ digest }) => digest);
}
