// Simple signing keeps all signatures of a package in one manifest: who adds one keeps those of others.
import type { Digest } from "../../platform/base/digest.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";
import { parseCarrier } from "./parse-carrier.ts";
import {
  type AttachedReferrer,
  simpleManifest,
  simpleSignatureAnnotation,
  simpleSigningTag,
} from "./signature-manifest.ts";

/** One manifest with the signatures of both: nobody's is lost, none is there twice, and `older`'s stay in front. Gives `older` or
 * `newer` itself where that has them all. The blobs are those of both. @throws RemoteMediaError `package-invalid` */
export function mergeSimpleSigning(
  older: AttachedReferrer,
  newer: AttachedReferrer,
  subject: Digest,
): AttachedReferrer {
  const [had, added] = [parseCarrier(older.referrer), parseCarrier(newer.referrer)];
  if (had.layout !== "simple") return newer;
  const missing = without(added.layers, had.layers);
  if (missing.length === 0) return older;
  if (without(had.layers, added.layers).length === 0) return newer;
  const layers = [...had.layers, ...missing];
  const isLayer = new Set<string>(layers.map(({ digest }) => digest));
  const blobs = [...older.blobs, ...newer.blobs].filter(({ descriptor }) => isLayer.has(descriptor.digest));
  return simpleManifest(layers, blobs, simpleSigningTag(subject));
}

function without(layers: readonly Descriptor[], known: readonly Descriptor[]): readonly Descriptor[] {
  const keys = new Set(known.map(keyOf));
  return layers.filter((layer) => !keys.has(keyOf(layer)));
}

/** The same payload may be signed by many. */
function keyOf({ digest, annotations }: Descriptor): string {
  return `${digest} ${annotations?.[simpleSignatureAnnotation] ?? ""}`;
}
