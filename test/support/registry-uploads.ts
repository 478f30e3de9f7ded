// Uploads of the test's own registry: whole, chunked in order, streamed, mounted.
import { answer, refuse } from "./registry-answers.ts";
import type { Doorkeeper } from "./registry-doorkeeper.ts";
import { isRegisteredDigest, type KeptUpload, type RegistryStorage } from "./registry-storage.ts";

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs */
export class UploadDesk {
  readonly #storage: RegistryStorage;
  readonly #door: Doorkeeper;

  constructor(storage: RegistryStorage, door: Doorkeeper) {
    this.#storage = storage;
    this.#door = door;
  }

  answer(request: Request, url: URL, name: string, id: string): Response | Promise<Response> {
    if (id === "") {
      if (request.method !== "POST") return refuse("UNSUPPORTED", "an upload begins with POST");
      return this.#begin(request, url, name);
    }
    const upload = this.#storage.uploads.get(id);
    if (upload?.repository !== name) return refuse("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    switch (request.method) {
      case "GET":
        return answer(204, stateOf(upload));
      case "PATCH":
        return this.#patch(request, upload);
      case "PUT":
        return this.#finish(request, upload, url.searchParams.get("digest") ?? "");
      case "DELETE":
        this.#storage.endUpload(upload);
        return answer(204);
      default:
        return refuse("UNSUPPORTED", "not with an upload");
    }
  }

  #begin(request: Request, url: URL, name: string): Response | Promise<Response> {
    const mount = url.searchParams.get("mount");
    const from = url.searchParams.get("from");
    if (mount !== null && from !== null && this.#door.has(request, `repository:${from}:pull`)) {
      const source = this.#storage.repositories.get(from);
      if (source?.blobs.has(mount) === true) {
        this.#storage.repository(name).blobs.add(mount);
        return created(name, mount);
      }
    }
    const upload = this.#storage.beginUpload(name);
    const digest = url.searchParams.get("digest");
    return digest === null ? answer(202, stateOf(upload)) : this.#finish(request, upload, digest);
  }

  async #patch(request: Request, upload: KeptUpload): Promise<Response> {
    const refusal = outOfOrder(request, upload);
    if (refusal !== undefined) return refusal;
    await this.#storage.append(upload, request.body);
    return answer(202, stateOf(upload));
  }

  async #finish(request: Request, upload: KeptUpload, digest: string): Promise<Response> {
    if (!isRegisteredDigest(digest)) return refuse("DIGEST_INVALID", "no digest that is known here");
    const refusal = outOfOrder(request, upload);
    if (refusal !== undefined) return refusal;
    await this.#storage.append(upload, request.body);
    const isSame = await this.#storage.finishUpload(upload, digest);
    if (!isSame) return refuse("DIGEST_INVALID", "provided digest did not match uploaded content");
    return created(upload.repository, digest);
  }
}

/** A chunk that says where it belongs must belong at the end, and be as long as it says. */
function outOfOrder(request: Request, upload: KeptUpload): Response | undefined {
  const said = request.headers.get("Content-Range");
  if (said === null) return undefined;
  const [, start, end] = /^(\d+)-(\d+)$/.exec(said) ?? [];
  const length = request.headers.get("Content-Length");
  const isNext = Number(start) === upload.sizeBytes;
  const isHonest = length === null || Number(length) === Number(end) - Number(start) + 1;
  return isNext && isHonest
    ? undefined
    : refuse("BLOB_UPLOAD_INVALID", `the next byte is ${upload.sizeBytes}`, stateOf(upload));
}

function stateOf(upload: KeptUpload): Record<string, string> {
  return {
    Location: `/v2/${upload.repository}/blobs/uploads/${upload.id}`,
    // An upload without a byte says the same as one with a byte, as everywhere.
    Range: `0-${Math.max(0, upload.sizeBytes - 1)}`,
    "Docker-Upload-UUID": upload.id,
  };
}

function created(name: string, digest: string): Response {
  return answer(201, { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest });
}
