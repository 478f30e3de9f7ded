// The fake registry, every request listed, and any of them can be the one at which it dies.
import type { Digest } from "../../../platform/base/digest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Repository } from "../../../platform/contract/registry.ts";
import { FakeRegistryContents, openFakeRegistry } from "../../../platform/fake/fake-registry.ts";

/** Small, so that it can die inside a blob. */
const chunkBytes = 4096;

/** One host. A test may look into it, and change it. */
export class FragileRegistry {
  readonly host = "registry.test";
  readonly #contents = new FakeRegistryContents();
  /** `METHOD argument` of each request. */
  readonly requests: string[] = [];
  /** The request, counted from 0, at which it dies; it lives again when this is set to undefined. */
  diesAt: number | undefined;

  /** What a repository stores. */
  blobsOf(name: string): Map<Digest, Uint8Array> {
    return this.#contents.repository(this.host, name).blobs;
  }

  open(name: string): Repository {
    const inner = openFakeRegistry(this.#contents)({ host: this.host, repository: name });
    const ask = (request: string) => this.#ask(request);
    return {
      host: this.host,
      name,
      async resolve(tagOrDigest) {
        ask(`HEAD ${tagOrDigest}`);
        return inner.resolve(tagOrDigest);
      },
      async readManifest(tagOrDigest) {
        ask(`GET ${tagOrDigest}`);
        return inner.readManifest(tagOrDigest);
      },
      async hasBlob(blob) {
        ask(`HEAD ${blob.digest}`);
        return inner.hasBlob(blob);
      },
      async sizeOfBlob(digest) {
        ask(`HEAD ${digest}`);
        return inner.sizeOfBlob(digest);
      },
      async *readBlob(blob, offset) {
        ask(`GET ${blob.digest}`);
        for await (const chunk of inner.readBlob(blob, offset)) {
          for (let at = 0; at < chunk.length; at += chunkBytes) {
            yield chunk.subarray(at, at + chunkBytes);
            ask(`MORE ${blob.digest}`);
          }
        }
      },
      async writeBlob(upload) {
        const { digest } = upload.descriptor;
        ask(`POST ${digest}`);
        const read = async function* (offset: number) {
          for await (const chunk of upload.read(offset)) {
            ask(`PATCH ${digest}`);
            yield chunk;
          }
          ask(`PUT ${digest}`);
        };
        return inner.writeBlob({ ...upload, read });
      },
      async writeManifest(bytes, mediaType, tag) {
        ask(`PUT ${tag ?? mediaType}`);
        return inner.writeManifest(bytes, mediaType, tag);
      },
      async listReferrers(subject) {
        ask(`LIST ${subject}`);
        return inner.listReferrers(subject);
      },
    };
  }

  #ask(request: string): void {
    const index = this.requests.push(request) - 1;
    if (this.diesAt !== undefined && index >= this.diesAt)
      throw new RemoteMediaError("registry-unreachable", "the connection broke");
  }
}
