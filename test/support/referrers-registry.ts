// The test's own registry: the OCI distribution spec 1.1 with the referrers API, strict where real ones are lax; on disk.
// @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, answerFile, pageOf, refuse } from "./registry-answers.ts";
import { Doorkeeper, type DoorOptions } from "./registry-doorkeeper.ts";
import { ManifestDesk } from "./registry-manifests.ts";
import type { TestRegistry } from "./registry-peers.ts";
import { RegistryStorage } from "./registry-storage.ts";
import { UploadDesk } from "./registry-uploads.ts";
import { makeTestCertificate } from "./test-certificate.ts";

export interface ReferrersRegistryOptions extends DoorOptions {
  readonly tls?: boolean;
  /** How many referrers a page has; default: all. */
  readonly referrersPageSize?: number;
  /** Whether listings of referrers are filtered by `artifactType` here. Default true. */
  readonly filtersReferrers?: boolean;
  /** Sees each request first; what it gives is the answer. */
  readonly intercept?: (request: Request) => Response | undefined | Promise<Response | undefined>;
}

export interface ReferrersRegistry extends TestRegistry {
  /** `METHOD /path?query` of every request so far, in order. */
  readonly requests: readonly string[];
  readonly authorityFile?: string;
}

const namePattern = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*";
const route = new RegExp(`^/v2/(${namePattern})/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)$`);

export async function startReferrersRegistry(
  options: ReferrersRegistryOptions = {},
): Promise<ReferrersRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "referrers-registry-"));
  const certificate = options.tls === true ? await makeTestCertificate(folder) : undefined;
  const storage = new RegistryStorage(join(folder, "storage"));
  const door = new Doorkeeper(options);
  const requests: string[] = [];
  const handle = makeHandler(storage, door, options);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: 60,
    ...(certificate && {
      tls: { cert: readFileSync(certificate.certificateFile), key: readFileSync(certificate.keyFile) },
    }),
    async fetch(request) {
      const url = new URL(request.url);
      requests.push(`${request.method} ${url.pathname}${url.search}`);
      return (await options.intercept?.(request)) ?? (await handle(request, url));
    },
  });
  const host = `127.0.0.1:${server.port}`;
  return {
    host,
    url: `${certificate ? "https" : "http"}://${host}`,
    storage: storage.folder,
    requests,
    ...(certificate && { authorityFile: certificate.authorityFile }),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeHandler(storage: RegistryStorage, door: Doorkeeper, options: ReferrersRegistryOptions) {
  const uploads = new UploadDesk(storage, door);
  const manifests = new ManifestDesk(storage, options);
  return (request: Request, url: URL): Response | Promise<Response> => {
    if (url.pathname === "/token") return door.giveToken(request);
    if (url.pathname === "/v2/") return door.refusal(request, "") ?? Response.json({});
    const [, name = "", kind, last = ""] = route.exec(url.pathname) ?? [];
    if (name === "") {
      return url.pathname.startsWith("/v2/") ? refuse("NAME_INVALID", "no such place") : answer(404);
    }
    const isRead = request.method === "GET" || request.method === "HEAD";
    const isUpload = kind === "blobs/uploads";
    const action =
      isRead && !isUpload ? "pull" : request.method === "DELETE" && !isUpload ? "delete" : "push";
    const refusal = door.refusal(request, `repository:${name}:${action}`);
    if (refusal !== undefined) return refusal;
    if (isUpload) return uploads.answer(request, url, name, last);
    if (kind === "blobs") return answerBlob(storage, request, name, last);
    if (kind === "manifests") return manifests.answer(request, name, last);
    if (!isRead) return refuse("UNSUPPORTED", "listings are only read");
    return kind === "tags" ? listTags(storage, url, name) : manifests.listReferrers(url, name, last);
  };
}

function answerBlob(storage: RegistryStorage, request: Request, name: string, digest: string): Response {
  const blobs = storage.repositories.get(name)?.blobs;
  if (blobs?.has(digest) !== true) return refuse("BLOB_UNKNOWN", "blob unknown to registry");
  if (request.method === "DELETE") {
    blobs.delete(digest);
    return answer(202);
  }
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse("UNSUPPORTED", "blobs are uploaded");
  return answerFile(request, storage.fileOf(digest), {
    "Docker-Content-Digest": digest,
    "Content-Type": "application/octet-stream",
  });
}

function listTags(storage: RegistryStorage, url: URL, name: string): Response {
  const repository = storage.repositories.get(name);
  if (repository === undefined) return refuse("NAME_UNKNOWN", "repository name not known to registry");
  const { entries, link } = pageOf([...repository.tags.keys()].sort(), (tag) => tag, url);
  return Response.json({ name, tags: entries }, { headers: link });
}
