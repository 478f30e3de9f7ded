// FakeRegistry: repositories in memory, for tests of whatever pushes, pulls and looks for signatures.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Digest, isDigest } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import { formatOciReference, type OciReference } from "../base/oci-reference.ts";
import { type Descriptor, maxManifestBytes } from "../contract/oci.ts";
import type { BlobOutcome, BlobUpload, OpenRepository, Repository } from "../contract/registry.ts";

interface KeptManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly subject: Digest | undefined;
}

/** What a repository has. A test may look into it, and change it. */
export class FakeRepositoryContents {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly manifests = new Map<Digest, KeptManifest>();
  readonly tags = new Map<string, Digest>();
}

/** What registries have in common behind every repository that is opened: repositories by `host/name`. */
export class FakeRegistryContents {
  readonly repositories = new Map<string, FakeRepositoryContents>();

  /** Makes it where it isn't there. */
  repository(host: string, name: string): FakeRepositoryContents {
    const key = `${host}/${name}`;
    const known = this.repositories.get(key) ?? new FakeRepositoryContents();
    this.repositories.set(key, known);
    return known;
  }
}

/** Opens repositories of `contents`. Unlike some real ones it takes nothing whose parts it doesn't have. */
export function openFakeRegistry(contents = new FakeRegistryContents()): OpenRepository {
  return (reference) => new FakeRepository(contents, reference);
}

class FakeRepository implements Repository {
  readonly host: string;
  readonly name: string;
  readonly #contents: FakeRegistryContents;

  constructor(contents: FakeRegistryContents, reference: OciReference) {
    this.#contents = contents;
    this.host = reference.host;
    this.name = reference.repository;
  }

  async resolve(tagOrDigest: string): Promise<Descriptor | undefined> {
    const kept = this.#find(tagOrDigest);
    return kept && bare(kept.descriptor);
  }

  async readManifest(tagOrDigest: string): Promise<{ descriptor: Descriptor; bytes: Uint8Array }> {
    const kept = this.#find(tagOrDigest);
    if (kept === undefined) throw this.#missing(`manifest ${tagOrDigest}`);
    if (isDigest(tagOrDigest) && digestOf(kept.bytes) !== tagOrDigest) throw mismatch(tagOrDigest);
    return { descriptor: bare(kept.descriptor), bytes: kept.bytes.slice() };
  }

  async hasBlob(blob: Pick<Descriptor, "digest" | "size">): Promise<boolean> {
    return this.#own.blobs.get(blob.digest)?.byteLength === blob.size;
  }

  async sizeOfBlob(digest: Digest): Promise<number | undefined> {
    return this.#own.blobs.get(digest)?.byteLength;
  }

  async *readBlob(blob: Pick<Descriptor, "digest" | "size">, offset = 0): AsyncIterable<Uint8Array> {
    const bytes = this.#own.blobs.get(blob.digest);
    if (bytes === undefined) throw this.#missing(`blob ${blob.digest}`);
    if (bytes.byteLength !== blob.size) {
      throw new RemoteMediaError("digest-mismatch", `the blob ${blob.digest} has ${bytes.byteLength} bytes`, {
        where: { digest: blob.digest },
      });
    }
    const chunkBytes = 64 * 1024;
    for (let at = offset; at < bytes.byteLength; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
  }

  async writeBlob(upload: BlobUpload): Promise<BlobOutcome> {
    const { descriptor, mountFrom, onProgress } = upload;
    if (await this.hasBlob(descriptor)) return "present";
    const mounted =
      mountFrom === undefined
        ? undefined
        : this.#contents.repository(this.host, mountFrom).blobs.get(descriptor.digest);
    if (mounted !== undefined) {
      this.#own.blobs.set(descriptor.digest, mounted);
      return "mounted";
    }
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of upload.file === undefined ? upload.read(0) : readStretch(upload)) {
      // The reader may use its buffer again.
      chunks.push(chunk.slice());
      sizeBytes += chunk.byteLength;
      onProgress?.(sizeBytes);
    }
    const bytes = Uint8Array.from(Buffer.concat(chunks));
    if (bytes.byteLength !== descriptor.size || digestOf(bytes) !== descriptor.digest)
      throw this.#refused(`the blob isn't ${descriptor.digest}`, { where: { digest: descriptor.digest } });
    this.#own.blobs.set(descriptor.digest, bytes);
    return "uploaded";
  }

  async writeManifest(bytes: Uint8Array, mediaType: string, tag?: string): Promise<{ digest: Digest }> {
    const fields = this.#parse(bytes);
    const digest = digestOf(bytes);
    const { artifactType, annotations, config } = fields;
    const type = artifactType ?? config?.mediaType;
    this.#own.manifests.set(digest, {
      bytes: bytes.slice(),
      subject: fields.subject?.digest,
      descriptor: {
        mediaType,
        digest,
        size: bytes.byteLength,
        ...(type === undefined ? {} : { artifactType: type }),
        ...(annotations === undefined ? {} : { annotations }),
      },
    });
    if (tag !== undefined) this.#own.tags.set(tag, digest);
    return { digest };
  }

  async listReferrers(subject: Digest): Promise<readonly Descriptor[]> {
    return [...this.#own.manifests.values()]
      .filter((kept) => kept.subject === subject)
      .map(({ descriptor }) => descriptor);
  }

  get #own(): FakeRepositoryContents {
    return this.#contents.repository(this.host, this.name);
  }

  #find(tagOrDigest: string): KeptManifest | undefined {
    const digest = isDigest(tagOrDigest) ? tagOrDigest : this.#own.tags.get(tagOrDigest);
    return digest === undefined ? undefined : this.#own.manifests.get(digest);
  }

  #parse(bytes: Uint8Array): ManifestFields {
    if (bytes.byteLength > maxManifestBytes) throw this.#refused("the manifest is larger than 4 MiB");
    let fields: ManifestFields;
    try {
      fields = JSON.parse(new TextDecoder().decode(bytes)) as ManifestFields;
    } catch (cause) {
      throw this.#refused("the manifest is no JSON", { cause });
    }
    for (const blob of [fields.config, ...(fields.layers ?? [])]) {
      if (blob !== undefined && !this.#own.blobs.has(blob.digest))
        throw this.#refused(`the manifest's blob ${blob.digest} isn't there`);
    }
    return fields;
  }

  #refused(why: string, more: { where?: { digest: Digest }; cause?: unknown } = {}): RemoteMediaError {
    return new RemoteMediaError("registry-failed", `${this.host} refused: ${why}`, more);
  }

  #missing(what: string): RemoteMediaError {
    const where = formatOciReference({ host: this.host, repository: this.name });
    return new RemoteMediaError("registry-missing", `${where} has no ${what}`);
  }
}

/** What it looks at in a manifest. */
interface ManifestFields {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** What the headers of an answer say; only listings say more. */
function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

async function* readStretch({ file, fileOffset = 0, descriptor }: BlobUpload): AsyncIterable<Uint8Array> {
  yield (await readFile(file!)).subarray(fileOffset, fileOffset + descriptor.size);
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function mismatch(digest: Digest): RemoteMediaError {
  return new RemoteMediaError("digest-mismatch", `what is kept as ${digest} has another digest`, {
    where: { digest },
  });
}
