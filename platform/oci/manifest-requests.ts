// Manifests: what a tag stands for, their bytes, held to their digest, and writing them.
import { createHash } from "node:crypto";
import { type Digest, isDigest } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import { type Descriptor, imageIndexType, imageManifestType, maxManifestBytes } from "../contract/oci.ts";
import { readBounded } from "./read-bounded.ts";
import { type Doing, registryError } from "./refusal.ts";
import type { RegistryReply } from "./registry-connection.ts";
import { doing, pathOf, pullScope, pushScope, type RepositoryAccess } from "./repository-paths.ts";

const manifestTypes = [
  imageManifestType,
  imageIndexType,
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

export interface ReadManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** What a registry says of a manifest that was written. */
export interface WriteReply {
  readonly digest: Digest;
  /** `OCI-Subject`: the registry entered it at its subject itself. */
  readonly subject: string | null;
}

/** By HEAD; a registry that doesn't tell digest, size and type there is read. Undefined where there is no such manifest. */
export async function resolveManifest(
  access: RepositoryAccess,
  tagOrDigest: string,
): Promise<Descriptor | undefined> {
  const what = doingOf(access, "resolving", tagOrDigest);
  const reply = await request(access, "HEAD", tagOrDigest, what);
  await reply.discard();
  if (reply.status === 404) return undefined;
  const digest = reply.headers.get("docker-content-digest");
  const size = Number(reply.headers.get("content-length") ?? Number.NaN);
  const mediaType = mediaTypeOf(reply);
  const whole = isDigest(digest) && Number.isSafeInteger(size) && size > 0 && size <= maxManifestBytes;
  if (!whole || mediaType === "") return (await findManifest(access, tagOrDigest))?.descriptor;
  checkAsked(tagOrDigest, digest, what);
  return { mediaType, digest, size };
}

/** @throws RemoteMediaError `registry-missing`, `digest-mismatch`, `registry-failed` (too large, or the header names another digest) */
export async function readManifest(access: RepositoryAccess, tagOrDigest: string): Promise<ReadManifest> {
  const found = await findManifest(access, tagOrDigest);
  if (found !== undefined) return found;
  const what = doingOf(access, "reading", tagOrDigest);
  throw registryError(
    "registry-missing",
    what,
    "there is no such manifest",
    "check the tag, and the spelling",
  );
}

/** The manifest, or undefined where there is none. */
export async function findManifest(
  access: RepositoryAccess,
  tagOrDigest: string,
): Promise<ReadManifest | undefined> {
  const what = doingOf(access, "reading", tagOrDigest);
  const reply = await request(access, "GET", tagOrDigest, what);
  if (reply.status === 404) {
    await reply.discard();
    return undefined;
  }
  const bytes = await readBounded(
    reply,
    maxManifestBytes,
    `${what.at}: the manifest ${printable(tagOrDigest)}`,
  );
  const digest = digestOf(bytes);
  checkAsked(tagOrDigest, digest, what);
  const told = reply.headers.get("docker-content-digest");
  if (isDigest(told) && told !== digest) {
    throw mismatch(what, `the registry says that it is ${told}, and its bytes are ${digest}`, told);
  }
  return { descriptor: { mediaType: mediaTypeOf(reply), digest, size: bytes.length }, bytes };
}

/** Writes under a tag or digest. @throws RemoteMediaError `registry-failed` where the registry took it for something else */
export async function writeManifest(
  access: RepositoryAccess,
  bytes: Uint8Array,
  mediaType: string,
  tagOrDigest: string,
): Promise<WriteReply> {
  const what = doingOf(access, "writing", tagOrDigest);
  if (bytes.length > maxManifestBytes) {
    throw registryError(
      "registry-failed",
      what,
      `it is larger than the ${maxManifestBytes} bytes that registries take`,
    );
  }
  const digest = digestOf(bytes);
  const reply = await access.connection.send({
    method: "PUT",
    target: pathOf(access.name, `manifests/${tagOrDigest}`),
    headers: { "content-type": mediaType },
    body: bytes,
    scopes: [pushScope(access.name)],
    expect: [200, 201, 202],
    doing: what,
  });
  await reply.discard();
  const told = reply.headers.get("docker-content-digest");
  if (isDigest(told) && told !== digest) {
    throw registryError("registry-failed", what, `the registry took it for ${told}, and it is ${digest}`);
  }
  return { digest, subject: reply.headers.get("oci-subject") };
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function request(
  access: RepositoryAccess,
  method: "GET" | "HEAD",
  tagOrDigest: string,
  what: Doing,
): Promise<RegistryReply> {
  return access.connection.send({
    method,
    target: pathOf(access.name, `manifests/${tagOrDigest}`),
    headers: { accept: manifestTypes },
    scopes: [pullScope(access.name)],
    expect: [200, 404],
    doing: what,
  });
}

function doingOf(access: RepositoryAccess, verb: string, tagOrDigest: string): Doing {
  const digest = isDigest(tagOrDigest) ? tagOrDigest : undefined;
  return doing(access, `${verb} the manifest ${printable(tagOrDigest)}`, digest);
}

function mediaTypeOf(reply: RegistryReply): string {
  return printable((reply.headers.get("content-type") ?? "").split(";", 1)[0] ?? "");
}

/** What was asked for by digest has that digest. */
function checkAsked(tagOrDigest: string, digest: Digest, what: Doing): void {
  if (!isDigest(tagOrDigest) || tagOrDigest === digest) return;
  throw mismatch(what, `what came is ${digest}`, tagOrDigest);
}

function mismatch(what: Doing, why: string, digest: string): RemoteMediaError {
  return new RemoteMediaError("digest-mismatch", `${what.at}: ${what.what}: ${why}`, {
    where: { digest },
    hint: "the registry, or somebody on the way, changed it; don't use it",
  });
}
