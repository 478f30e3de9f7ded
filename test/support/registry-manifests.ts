// Manifests of the test's own registry: tags, digests, and which manifest refers to which.
import { answer, answerFile, pageOf, refuse } from "./registry-answers.ts";
import {
  digestLike,
  isRegisteredDigest,
  type KeptManifest,
  type KeptRepository,
  type RegistryStorage,
} from "./registry-storage.ts";

export interface ListingOptions {
  /** How many referrers a page has; default: all. */
  readonly referrersPageSize?: number;
  /** Whether `artifactType` is filtered by here. Default true. */
  readonly filtersReferrers?: boolean;
}

/** The fields that a registry looks at. */
interface ManifestFields {
  readonly mediaType?: unknown;
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
  readonly subject?: { readonly digest: string };
  readonly config?: { readonly mediaType: string; readonly digest: string };
  readonly layers?: readonly { readonly digest: string; readonly urls?: unknown }[];
  readonly manifests?: readonly { readonly digest: string }[];
}

const indexType = "application/vnd.oci.image.index.v1+json";
const maxManifestBytes = 4 * 1024 * 1024;

export class ManifestDesk {
  readonly #storage: RegistryStorage;
  readonly #options: ListingOptions;

  constructor(storage: RegistryStorage, options: ListingOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  answer(request: Request, name: string, reference: string): Response | Promise<Response> {
    if (request.method === "PUT") return this.#write(request, name, reference);
    const repository = this.#storage.repositories.get(name);
    const digest = reference.includes(":") ? reference : repository?.tags.get(reference);
    const kept = repository?.manifests.get(digest ?? "");
    if (repository === undefined || kept === undefined) return refuse("MANIFEST_UNKNOWN", "manifest unknown");
    switch (request.method) {
      case "GET":
      case "HEAD":
        return answerFile(request, this.#storage.fileOf(kept.digest), {
          "Content-Type": kept.mediaType,
          "Docker-Content-Digest": kept.digest,
        });
      case "DELETE":
        remove(repository, reference, kept.digest);
        return answer(202);
      default:
        return refuse("UNSUPPORTED", "not with a manifest");
    }
  }

  /** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers */
  listReferrers(url: URL, name: string, subject: string): Response {
    if (!isRegisteredDigest(subject)) return refuse("DIGEST_INVALID", "no digest that is known here");
    const wanted = this.#options.filtersReferrers === false ? null : url.searchParams.get("artifactType");
    const all = [...(this.#storage.repositories.get(name)?.manifests.values() ?? [])]
      .filter((kept) => kept.subject === subject && (wanted === null || kept.artifactType === wanted))
      .sort((one, other) => (one.digest < other.digest ? -1 : 1));
    const page = pageOf(all, (kept) => kept.digest, url, this.#options.referrersPageSize);
    const manifests = page.entries.map(({ subject: _, ...descriptor }) => descriptor);
    return Response.json(
      { schemaVersion: 2, mediaType: indexType, manifests },
      {
        headers: {
          "Content-Type": indexType,
          ...page.link,
          ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
        },
      },
    );
  }

  async #write(request: Request, name: string, reference: string): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.byteLength > maxManifestBytes) return refuse("SIZE_INVALID", "4 MiB at most");
    const isDigest = reference.includes(":");
    if (isDigest ? !isRegisteredDigest(reference) : !/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(reference)) {
      return refuse(isDigest ? "DIGEST_INVALID" : "MANIFEST_INVALID", "neither a tag nor a digest");
    }
    const digest = digestLike(isDigest ? reference : "sha256:", bytes);
    if (isDigest && digest !== reference)
      return refuse("DIGEST_INVALID", "provided digest did not match content");
    const fields = parse(bytes);
    const mediaType = request.headers.get("Content-Type") ?? "";
    if (fields === undefined || (fields.mediaType !== undefined && fields.mediaType !== mediaType)) {
      return refuse("MANIFEST_INVALID", "no manifest of this media type");
    }
    const repository = this.#storage.repository(name);
    const missing = missingParts(repository, fields);
    if (missing.length > 0) return refuse("MANIFEST_BLOB_UNKNOWN", `unknown: ${missing.join(", ")}`);
    this.#storage.keep(digest, bytes);
    const subject = fields.subject?.digest;
    repository.manifests.set(digest, describe(digest, mediaType, bytes.byteLength, fields));
    if (!isDigest) repository.tags.set(reference, digest);
    return answer(201, {
      Location: `/v2/${name}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
      ...(subject === undefined ? {} : { "OCI-Subject": subject }),
    });
  }
}

function describe(digest: string, mediaType: string, size: number, fields: ManifestFields): KeptManifest {
  const artifactType = fields.artifactType || fields.config?.mediaType;
  return {
    digest,
    mediaType,
    size,
    artifactType,
    annotations: fields.annotations,
    subject: fields.subject?.digest,
  };
}

function parse(bytes: Uint8Array): ManifestFields | undefined {
  try {
    const fields: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof fields === "object" && fields !== null ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Everything that a manifest names must be there, except its subject. */
function missingParts(repository: KeptRepository, fields: ManifestFields): string[] {
  const blobs = [fields.config, ...(fields.layers ?? []).filter((layer) => layer.urls === undefined)]
    .flatMap((blob) => (blob === undefined ? [] : [blob.digest]))
    .filter((digest) => !repository.blobs.has(digest));
  const manifests = (fields.manifests ?? [])
    .map(({ digest }) => digest)
    .filter((digest) => !repository.manifests.has(digest));
  return [...blobs, ...manifests];
}

/** A tag goes alone; a manifest goes with its tags. */
function remove(repository: KeptRepository, reference: string, digest: string): void {
  if (reference !== digest) {
    repository.tags.delete(reference);
    return;
  }
  repository.manifests.delete(digest);
  for (const [tag, tagged] of repository.tags) if (tagged === digest) repository.tags.delete(tag);
}
