// Gives the peers of a mesh the packages that we ask them to run, out of this machine's store.
import { createReadStream } from "node:fs";
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import type { PackageStore } from "../../platform/contract/package-store.ts";
import type { Config } from "../config/config.ts";
import type { Mesh } from "../mesh/open-mesh.ts";
import { type GivenBlob, giveBlobs } from "../offload/give-blobs.ts";
import { PackageAccess } from "./package-access.ts";

export interface PackageOffers extends AsyncDisposable {
  readonly offer: (digest: string) => void;
}

/** The store is opened when somebody asks. */
export function offerPackages(mesh: Mesh, config: Config): PackageOffers {
  const access = new PackageAccess(config);
  const offered = new Set<string>();
  mesh.onSession((session) => {
    giveBlobs(
      session,
      (digest) => offered.has(digest),
      async (digest, blob) => (isDigest(digest) ? findPart(await access.store(), digest, blob) : undefined),
    );
  });
  return {
    offer: (digest) => offered.add(digest),
    [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
  };
}

/** A part of a package: `signatures`, the list of its signatures' manifests, or a blob by its digest. */
export async function findPart(
  store: PackageStore,
  digest: Digest,
  blob: string,
): Promise<GivenBlob | undefined> {
  const record = await store.record(digest);
  if (record === undefined) return undefined;
  if (blob === "signatures") {
    const bytes = new TextEncoder().encode(JSON.stringify(record.referrers));
    return { size: bytes.length, read: async (offset, length) => bytes.slice(offset, offset + length) };
  }
  const part = [...record.blobs, ...record.referrers].find((one) => one.digest === blob);
  if (part === undefined) return undefined;
  return { size: part.size, read: (offset, length) => readRange(store.fileOf(part.digest), offset, length) };
}

async function readRange(file: string, offset: number, length: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  const stream = createReadStream(file, { start: offset, end: offset + length - 1 });
  for await (const part of stream) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}
