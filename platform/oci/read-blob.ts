// A blob's bytes as they come, taken up where a connection broke.
import type { Digest } from "../base/digest.ts";
import type { RemoteMediaError } from "../base/error.ts";
import type { Descriptor } from "../contract/oci.ts";
import { type Doing, inContext, registryError } from "./refusal.ts";
import type { RegistryReply } from "./registry-connection.ts";
import { doing, pathOf, pullScope, type RepositoryAccess } from "./repository-paths.ts";
import { isPassingError, maxTries } from "./retry.ts";

type Blob = Pick<Descriptor, "digest" | "size">;

/** How often a connection may break over one blob: so often, and once more for each so many bytes. */
const maxBreaks = 50;
const bytesPerBreak = 16 * 1024 * 1024;

/** Whether the blob is there, with this size. @throws RemoteMediaError `registry-failed` where the registry has it with another size */
export async function hasBlob(access: RepositoryAccess, { digest, size }: Blob): Promise<boolean> {
  const what = doing(access, `looking for the blob ${digest}`, digest);
  const told = await askLength(access, digest, what);
  if (told === undefined) return false;
  if (told !== null && Number(told) !== size) throw otherSize(what, told, size);
  return true;
}

/** What the registry says that it has; undefined where it has no such blob. @throws RemoteMediaError `registry-failed` where it doesn't say */
export async function sizeOfBlob(access: RepositoryAccess, digest: Digest): Promise<number | undefined> {
  const what = doing(access, `asking for the size of the blob ${digest}`, digest);
  const told = await askLength(access, digest, what);
  if (told === undefined) return undefined;
  if (told !== null && /^\d{1,15}$/.test(told)) return Number(told);
  throw registryError("registry-failed", what, "the registry doesn't say how large it is");
}

/** The length that a HEAD tells; null where it tells none, undefined where there is no such blob. */
async function askLength(
  access: RepositoryAccess,
  digest: Digest,
  what: Doing,
): Promise<string | null | undefined> {
  const reply = await access.connection.send({
    method: "HEAD",
    target: pathOf(access.name, `blobs/${digest}`),
    scopes: [pullScope(access.name)],
    expect: [200, 404],
    doing: what,
  });
  await reply.discard();
  return reply.status === 404 ? undefined : reply.headers.get("content-length");
}

/** Exactly the bytes from `offset` to `size`. Gives up after `maxTries` answers in a row that brought nothing, and after too many that broke. */
export async function* readBlob(
  access: RepositoryAccess,
  blob: Blob,
  offset = 0,
): AsyncGenerator<Uint8Array, void, void> {
  const what = doing(access, `reading the blob ${blob.digest}`, blob.digest);
  let at = offset;
  let fruitless = 0;
  // An empty blob, or the end of one, needs no request.
  for (let breaks = 1; at < blob.size; breaks++) {
    const before = at;
    const reply = await requestFrom(access, blob, at, what);
    try {
      for await (const chunk of bytesFrom(reply, blob, at, what)) {
        at += chunk.length;
        yield chunk;
      }
      if (at === blob.size) return;
      throw registryError(
        "registry-unreachable",
        what,
        `the registry stopped after ${at} of ${blob.size} bytes`,
      );
    } catch (error) {
      fruitless = at > before ? 0 : fruitless + 1;
      const patient = fruitless < maxTries && breaks < maxBreaks + blob.size / bytesPerBreak;
      if (!isPassingError(error) || !patient) throw inContext(error, what);
      await access.connection.pause(fruitless + 1, error);
    }
  }
}

function requestFrom(
  access: RepositoryAccess,
  blob: Blob,
  offset: number,
  what: Doing,
): Promise<RegistryReply> {
  return access.connection.send({
    method: "GET",
    target: pathOf(access.name, `blobs/${blob.digest}`),
    headers: offset === 0 ? {} : { range: `bytes=${offset}-${blob.size - 1}` },
    scopes: [pullScope(access.name)],
    expect: [200, 206, 416],
    doing: what,
  });
}

/** One answer's bytes from `offset`, none beyond the blob's size. */
async function* bytesFrom(reply: RegistryReply, blob: Blob, offset: number, what: Doing) {
  let skip: number;
  try {
    skip = startOf(reply, blob, offset, what);
  } catch (error) {
    await reply.discard();
    throw error;
  }
  let left = blob.size - offset;
  for await (const chunk of reply.body) {
    const part = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - part.length;
    if (part.length === 0) continue;
    if (part.length > left) {
      throw registryError("registry-failed", what, `the registry sends more than its ${blob.size} bytes`);
    }
    left -= part.length;
    yield part;
  }
}

/** How many bytes of the answer lie before `offset`: all of them where the registry ignores ranges. */
function startOf(reply: RegistryReply, blob: Blob, offset: number, what: Doing): number {
  const length = reply.headers.get("content-length");
  if (reply.status === 200) {
    if (length !== null && Number(length) !== blob.size) throw otherSize(what, length, blob.size);
    return offset;
  }
  if (reply.status === 416) {
    throw registryError(
      "registry-failed",
      what,
      `the registry says that it has nothing from byte ${offset} on`,
    );
  }
  const [, first, last, size] =
    /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(reply.headers.get("content-range") ?? "") ?? [];
  if (size !== undefined && size !== "*" && Number(size) !== blob.size)
    throw otherSize(what, size, blob.size);
  if (Number(first) !== offset || Number(last) >= blob.size || offset === 0) {
    throw registryError(
      "registry-failed",
      what,
      `the registry sends another range than from byte ${offset} on`,
    );
  }
  return 0;
}

function otherSize(what: Doing, told: string, size: number): RemoteMediaError {
  const shown = /^\d{1,16}$/.test(told) ? told : "an unknown number of";
  return registryError(
    "registry-failed",
    what,
    `the registry has ${shown} bytes of it, and it is ${size} bytes long`,
  );
}
