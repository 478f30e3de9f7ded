// Takes a verified package into the store: blobs streamed and hashed, what is there already left where it is.
import type { Digest } from "../../platform/base/digest.ts";
import { printable } from "../../platform/base/printable.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";
import type { PackageRecord, PackageStore } from "../../platform/contract/package-store.ts";
import { readBytes } from "./collect-blob.ts";
import { blobParts, carrierParts, manifestPart, once } from "./package-parts.ts";
import type { PackageSource } from "./package-source.ts";
import { type TransferOptions, transferParts } from "./transfer-parts.ts";
import { describeTransfer, type TransferPart, type TransferReport } from "./transfer-report.ts";
import type { VerifiedPackage } from "./verify-package.ts";

export interface PullOptions extends TransferOptions {
  /** `oci://…`, to be remembered with the package; absent for one that came as a file. */
  readonly reference?: string | undefined;
  /** What time it is; default this machine's clock. */
  readonly now?: () => Date;
}

/** A package's signatures come with it. What a broken pull received is kept: the next one moves the rest. The package is remembered
 * once all of it is there.
 * @throws RemoteMediaError `digest-mismatch`, `store-failed`, and what the source throws; names the part and its digest */
export async function pullPackage(
  verified: VerifiedPackage,
  source: PackageSource,
  store: PackageStore,
  options: PullOptions = {},
): Promise<TransferReport> {
  const { digest } = verified.manifest.descriptor;
  await using _hold = await store.hold(digest);
  const own = inMemory(verified);
  const moved = await transferParts(
    allParts(verified),
    async ({ descriptor }, tell, signal) => {
      const bytes = own.get(descriptor.digest);
      let movedBytes = 0;
      const read = (offset: number) =>
        bytes === undefined
          ? count(source.read(descriptor, offset), signal, (length) => {
              movedBytes += length;
            })
          : readBytes(bytes, offset);
      const outcome = await store.receive(descriptor, read, tell);
      if (outcome === "present") return { outcome };
      return { outcome: "moved", ...(bytes === undefined ? { movedBytes } : {}) };
    },
    options,
  );
  await store.remember(digest, (known) => describeRecord(verified, known, options));
  return describeTransfer(digest, moved);
}

/** What is remembered of the package: all that was known of it, and what this pull adds. */
export function describeRecord(
  verified: VerifiedPackage,
  known: PackageRecord | undefined,
  { reference, now = () => new Date() }: PullOptions,
): PackageRecord {
  const time = now().toISOString();
  const added = reference === undefined ? [] : [reference];
  const { manifest, found } = verified;
  return {
    digest: manifest.descriptor.digest,
    name: printable(verified.name, 255),
    references: [...(known?.references ?? []).filter((other) => other !== reference), ...added],
    blobs: byDigest([...(known?.blobs ?? []), ...allParts(verified).map(({ descriptor }) => descriptor)]).map(
      ({ digest, size }) => ({ digest, size }),
    ),
    referrers: byDigest([
      ...(known?.referrers ?? []),
      ...found.carriers.map(({ referrer }) => referrer.descriptor),
    ]),
    stored: known?.stored ?? time,
    used: time,
    pins: known?.pins ?? [],
  };
}

function allParts(verified: VerifiedPackage): readonly TransferPart[] {
  const { manifest, found } = verified;
  return once([manifestPart(manifest), ...blobParts(manifest), ...found.carriers.flatMap(carrierParts)]);
}

/** What verifying has read already. */
function inMemory({ manifest, config, found }: VerifiedPackage): ReadonlyMap<Digest, Uint8Array> {
  const held = found.carriers.flatMap(({ referrer, blobs }) => [referrer, ...blobs]);
  return new Map([
    [manifest.descriptor.digest, manifest.bytes],
    [manifest.config.digest, config],
    ...held.map(({ descriptor, bytes }) => [descriptor.digest, bytes] as const),
  ]);
}

async function* count(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  add: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    add(chunk.length);
    yield chunk;
  }
}

function byDigest<T extends Pick<Descriptor, "digest">>(descriptors: readonly T[]): readonly T[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}
