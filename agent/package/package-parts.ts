// All that a package consists of, in the order in which reports list it; each digest once.
import { type PackageManifest, partName } from "./package-manifest.ts";
import type { AttachedReferrer } from "./signature-manifest.ts";
import type { TransferPart } from "./transfer-report.ts";

/** The package's own manifest. */
export function manifestPart(manifest: PackageManifest): TransferPart {
  return { part: "manifest", role: "manifest", descriptor: manifest.descriptor };
}

/** Config and layers; the layer that stands for none where there is none. One that several paths share is listed by the first. */
export function blobParts(manifest: PackageManifest): readonly TransferPart[] {
  return manifest.blobs.map((descriptor) => ({
    part: partName(manifest, descriptor.digest),
    role: descriptor.digest === manifest.config.digest ? "config" : "layer",
    descriptor,
  }));
}

/** The parts of one signature or attestation: what its manifest points to, and then the manifest. */
export function carrierParts({ referrer, blobs, tag }: AttachedReferrer): readonly TransferPart[] {
  const what = tag === undefined ? "signature" : "simple signature";
  const parts = blobs.map(
    ({ descriptor }): TransferPart => ({ part: `${what}'s blob`, role: "signature", descriptor }),
  );
  return once([...parts, { part: `${what}'s manifest`, role: "signature", descriptor: referrer.descriptor }]);
}

/** The first part of each digest. */
export function once(parts: readonly TransferPart[]): readonly TransferPart[] {
  const known = new Set<string>();
  return parts.filter(({ descriptor }) => !known.has(descriptor.digest) && known.add(descriptor.digest));
}
