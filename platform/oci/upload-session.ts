// One upload's session with a registry: begun, sent, asked how far it is, closed. It moves to a new address with every answer.
import { printable } from "../base/printable.ts";
import type { BlobUpload } from "../contract/registry.ts";
import { type Doing, registryError } from "./refusal.ts";
import type { RegistryReply } from "./registry-connection.ts";
import { pathOf, pullScope, pushScope, type RepositoryAccess } from "./repository-paths.ts";
import { uploadPart } from "./upload-source.ts";

/** What chunks are sent in where the registry wants chunks, and the most that it may ask for at least. */
const chunkBytes = 16 * 1024 * 1024;
const maxChunkBytes = 5 * 1024 ** 3;

export interface UploadSession {
  /** Where the next request of this upload goes. */
  location: URL;
  /** Bytes a request; Infinity: all at once. */
  chunkBytes: number;
  /** Bytes that the registry says it has. */
  offset: number;
}

/** Mounts from `mountFrom` where that is possible, else begins an upload. */
export async function beginUpload(
  access: RepositoryAccess,
  { descriptor, mountFrom }: BlobUpload,
  what: Doing,
): Promise<UploadSession | "mounted"> {
  const mount =
    mountFrom === undefined ? "" : `?mount=${descriptor.digest}&from=${encodeURIComponent(mountFrom)}`;
  const scopes = [pushScope(access.name), ...(mountFrom === undefined ? [] : [pullScope(mountFrom)])];
  const reply = await access.connection.send({
    method: "POST",
    target: pathOf(access.name, `blobs/uploads/${mount}`),
    headers: { "content-length": "0" },
    scopes,
    expect: mount === "" ? [202] : [201, 202],
    doing: what,
  });
  await reply.discard();
  if (reply.status === 201) return "mounted";
  const asked = Number(reply.headers.get("oci-chunk-min-length") ?? 0);
  if (!(asked >= 0 && asked <= maxChunkBytes)) {
    throw registryError(
      "registry-failed",
      what,
      `the registry wants chunks of ${printable(String(asked))} bytes`,
    );
  }
  const location = locationOf(access, reply, what);
  return {
    location,
    chunkBytes: asked > 0 ? Math.max(asked, chunkBytes) : Number.POSITIVE_INFINITY,
    offset: 0,
  };
}

/** Sends what is left; with its last bytes the upload is closed, where it was never in parts. */
export async function sendRest(
  access: RepositoryAccess,
  upload: BlobUpload,
  session: UploadSession,
  what: Doing,
): Promise<void> {
  const { digest, size } = upload.descriptor;
  const whole = session.offset === 0 && size <= session.chunkBytes;
  while (!whole && session.offset < size) await sendChunk(access, upload, session, what);
  const url = new URL(session.location);
  url.searchParams.set("digest", digest);
  const reply = await access.connection.send({
    method: "PUT",
    target: url,
    headers: whole ? { "content-type": "application/octet-stream" } : { "content-length": "0" },
    ...(whole ? { body: uploadPart(upload, 0, size) } : {}),
    scopes: [pushScope(access.name)],
    expect: [201, 202, 204],
    repeatable: false,
    doing: what,
  });
  await reply.discard();
  const told = reply.headers.get("docker-content-digest");
  if (told !== null && told !== digest) {
    throw registryError("registry-failed", what, `the registry took it for ${printable(told)}`);
  }
  upload.onProgress?.(size);
}

async function sendChunk(access: RepositoryAccess, upload: BlobUpload, session: UploadSession, what: Doing) {
  const size = Math.min(session.chunkBytes, upload.descriptor.size - session.offset);
  const end = session.offset + size;
  const reply = await access.connection.send({
    method: "PATCH",
    target: session.location,
    headers: { "content-type": "application/octet-stream", "content-range": `${session.offset}-${end - 1}` },
    body: uploadPart(upload, session.offset, size),
    scopes: [pushScope(access.name)],
    expect: [201, 202, 204],
    repeatable: false,
    doing: what,
  });
  await reply.discard();
  session.location = locationOf(access, reply, what);
  const has = offsetOf(reply.headers.get("range"));
  if (has !== undefined && has !== end) {
    throw registryError(
      "registry-failed",
      what,
      `the registry says that it has ${has} bytes, and was sent ${end}`,
    );
  }
  session.offset = end;
  upload.onProgress?.(end);
}

/** Asks how far the registry is; false where it has lost the upload. */
export async function askStatus(
  access: RepositoryAccess,
  { descriptor }: BlobUpload,
  session: UploadSession,
  what: Doing,
): Promise<boolean> {
  const reply = await access.connection.send({
    method: "GET",
    target: session.location,
    scopes: [pushScope(access.name)],
    expect: [204, 202, 200, 400, 404, 405, 416],
    doing: what,
  });
  await reply.discard();
  const has = offsetOf(reply.headers.get("range"));
  if (reply.status >= 400 || has === undefined || has > descriptor.size) return false;
  if (reply.headers.has("location")) session.location = locationOf(access, reply, what);
  session.offset = has;
  return true;
}

function locationOf(access: RepositoryAccess, reply: RegistryReply, what: Doing): URL {
  return access.connection.resolve(reply.headers.get("location"), reply, what);
}

/** `0-99` is 100 bytes; an empty upload is `0-0` in docker's registry, which one byte is as well: then nothing is known to be there. */
function offsetOf(range: string | null): number | undefined {
  const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(range ?? "");
  if (match === null) return undefined;
  return match[1] === "0" ? 0 : Number(match[1]) + 1;
}
