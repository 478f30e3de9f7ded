// A package with signatures or statements added: the same source, with more beside it.
import type { Digest } from "../../platform/base/digest.ts";
import { readBytes } from "./collect-blob.ts";
import { mergeSimpleSigning } from "./merge-signatures.ts";
import type { PackageSource } from "./package-source.ts";
import { readSignatures } from "./read-signatures.ts";
import type { AttachedReferrer } from "./signature-manifest.ts";

/** `source` and what is added; those that it has stay. Closing it closes `source`.
 * @throws RemoteMediaError what `readSignatures` throws */
export async function attachSignatures(
  source: PackageSource,
  added: readonly AttachedReferrer[],
): Promise<PackageSource> {
  const { carriers } = await readSignatures(source);
  const all = mergeCarriers(carriers, added, source.manifest.descriptor.digest);
  const blobs = new Map(
    all.flatMap((carrier) => carrier.blobs).map(({ descriptor, bytes }) => [descriptor.digest, bytes]),
  );
  return {
    name: source.name,
    ...(source.repository === undefined ? {} : { repository: source.repository }),
    manifest: source.manifest,
    referrers: async () => all.map(({ referrer }) => referrer),
    read(blob, offset = 0) {
      const bytes = blobs.get(blob.digest);
      return bytes === undefined ? source.read(blob, offset) : readBytes(bytes, offset);
    },
    ...(source.stretch === undefined
      ? {}
      : { stretch: (blob) => (blobs.has(blob.digest) ? undefined : source.stretch!(blob)) }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** Each bundle once, and one manifest of simple signatures. */
function mergeCarriers(
  known: readonly AttachedReferrer[],
  added: readonly AttachedReferrer[],
  subject: Digest,
): readonly AttachedReferrer[] {
  const all = new Map<string, AttachedReferrer>();
  for (const carrier of [...known, ...added]) {
    const key = carrier.tag ?? carrier.referrer.descriptor.digest;
    const older = all.get(key);
    const isMerge = older !== undefined && carrier.tag !== undefined;
    all.set(key, isMerge ? mergeSimpleSigning(older, carrier, subject) : carrier);
  }
  return [...all.values()];
}
