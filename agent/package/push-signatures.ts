// Puts signatures beside a package that a registry has; those of others stay.
import type { Digest } from "../../platform/base/digest.ts";
import { imageManifestType } from "../../platform/contract/oci.ts";
import type { Repository } from "../../platform/contract/registry.ts";
import { readBytes } from "./collect-blob.ts";
import { mergeSimpleSigning } from "./merge-signatures.ts";
import { carrierParts } from "./package-parts.ts";
import type { AttachedReferrer } from "./signature-manifest.ts";
import { transferParts } from "./transfer-parts.ts";
import type { TransferredPart } from "./transfer-report.ts";

/** `subject` is there already. A manifest is written after all that it points to; one that is listed beside the package is `present`.
 * @throws RemoteMediaError `registry-*`, `package-invalid` where cosign's tag holds what can't be read */
export async function pushSignatures(
  subject: Digest,
  carriers: readonly AttachedReferrer[],
  repository: Repository,
): Promise<readonly TransferredPart[]> {
  if (carriers.length === 0) return [];
  const listed = new Set((await repository.listReferrers(subject)).map(({ digest }) => digest));
  const moved: TransferredPart[] = [];
  for (const carrier of carriers) {
    if (carrier.tag !== undefined)
      moved.push(...(await pushTagged(subject, carrier, carrier.tag, repository)));
    else if (listed.has(carrier.referrer.descriptor.digest)) moved.push(...present(carrier));
    else moved.push(...(await pushCarrier(carrier, repository)));
  }
  return moved;
}

/** Reads what stands at the tag, and writes that and ours. */
async function pushTagged(
  subject: Digest,
  ours: AttachedReferrer,
  tag: string,
  repository: Repository,
): Promise<readonly TransferredPart[]> {
  const there = await repository.resolve(tag);
  if (there === undefined) return pushCarrier(ours, repository);
  const referrer = await repository.readManifest(there.digest);
  const merged = mergeSimpleSigning({ referrer, blobs: [], tag }, ours, subject);
  if (merged.referrer.descriptor.digest === there.digest) return present(ours);
  return pushCarrier(merged, repository);
}

async function pushCarrier(
  { referrer, blobs, tag }: AttachedReferrer,
  repository: Repository,
): Promise<readonly TransferredPart[]> {
  const parts = carrierParts({ referrer, blobs, ...(tag === undefined ? {} : { tag }) });
  const byDigest = new Map(blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
  return transferParts(
    parts,
    async ({ descriptor }) => {
      const bytes = byDigest.get(descriptor.digest);
      if (bytes === undefined) {
        await repository.writeManifest(referrer.bytes, imageManifestType, tag);
        return { outcome: "moved" };
      }
      const outcome = await repository.writeBlob({ descriptor, read: (offset) => readBytes(bytes, offset) });
      return { outcome: outcome === "uploaded" ? "moved" : outcome };
    },
    // One after the other: the manifest is last.
    { concurrency: 1 },
  );
}

function present(carrier: AttachedReferrer): readonly TransferredPart[] {
  return carrierParts(carrier).map(({ part, role, descriptor: { digest, size } }) => ({
    part,
    role,
    digest,
    size,
    outcome: "present",
    movedBytes: 0,
  }));
}
