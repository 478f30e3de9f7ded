// The signatures and attestations of a package, out of the manifests that carry them; bounded, each held to its digest, none verified.
import type { SignatureMaterial } from "../trust/signed.ts";
import { collectBlob, holdToDigest } from "./collect-blob.ts";
import type { PackageSource, Referrer } from "./package-source.ts";
import { type Carrier, maxSignatureBytes, parseCarrier } from "./parse-carrier.ts";
import {
  type AttachedReferrer,
  type HeldBlob,
  signaturePredicate,
  simpleSignatureAnnotation,
  simpleSigningTag,
  simpleSigningType,
} from "./signature-manifest.ts";

/** The most manifests beside a package that are looked at, and the most bytes of all that they point to: who may push signatures can
 * push too many, and what comes after that isn't seen. */
export const maxReferrers = 64;
const maxTotalBytes = 16 * 1024 * 1024;

export interface FoundSignatures {
  /** In both layouts, in the order in which the source has them. */
  readonly signatures: readonly SignatureMaterial[];
  /** Provenance and other statements, told apart by what they say inside. */
  readonly attestations: readonly SignatureMaterial[];
  /** What carries them, with all its parts: what goes along when the package moves. */
  readonly carriers: readonly AttachedReferrer[];
}

/** Reads everything beside a package that could be a signature or a statement about it; the rest is left where it is.
 * @throws RemoteMediaError `digest-mismatch`, `package-invalid`, and what the source throws */
export async function readSignatures(source: PackageSource): Promise<FoundSignatures> {
  const signatures: SignatureMaterial[] = [];
  const attestations: SignatureMaterial[] = [];
  const carriers: AttachedReferrer[] = [];
  let totalBytes = 0;
  for (const referrer of (await source.referrers()).slice(0, maxReferrers)) {
    holdToDigest(referrer.bytes, referrer.descriptor.digest, "signature manifest");
    const carrier = parseCarrier(referrer);
    if (carrier.layout === "other") continue;
    if (carrier.subject !== undefined && carrier.subject !== source.manifest.descriptor.digest) continue;
    totalBytes += carrier.layers.reduce((sum, { size }) => sum + size, carrier.config?.size ?? 0);
    if (totalBytes > maxTotalBytes) break;
    const attached = await attach(source, { ...referrer, descriptor: carrier.descriptor }, carrier);
    carriers.push(attached);
    for (const material of materialsOf(carrier, attached.blobs)) {
      (isStatement(material) ? attestations : signatures).push(material);
    }
  }
  return { signatures, attestations, carriers };
}

async function attach(
  source: PackageSource,
  referrer: Referrer,
  carrier: Carrier,
): Promise<AttachedReferrer> {
  const blobs: HeldBlob[] = [];
  const descriptors = carrier.config === undefined ? carrier.layers : [carrier.config, ...carrier.layers];
  for (const descriptor of descriptors) {
    if (blobs.some((blob) => blob.descriptor.digest === descriptor.digest)) continue;
    const part = carrier.layout === "bundle" ? "signature's bundle" : "signature's payload";
    const chunks = source.read(descriptor);
    blobs.push({ descriptor, bytes: await collectBlob(descriptor, chunks, part, maxSignatureBytes) });
  }
  const attached = { referrer, blobs };
  if (carrier.layout === "bundle") return attached;
  return { ...attached, tag: simpleSigningTag(source.manifest.descriptor.digest) };
}

function materialsOf(carrier: Carrier, blobs: readonly HeldBlob[]): SignatureMaterial[] {
  const bytesOf = (digest: string) => blobs.find((blob) => blob.descriptor.digest === digest)!.bytes;
  if (carrier.layout === "bundle") {
    return [{ layout: "bundle", bytes: bytesOf(carrier.layers[0]!.digest) }];
  }
  return carrier.layers
    .filter(({ mediaType }) => mediaType === simpleSigningType)
    .map(({ digest, annotations }) => ({
      layout: "simple",
      payload: bytesOf(digest),
      signature: annotations?.[simpleSignatureAnnotation] ?? "",
    }));
}

/** Whether it says itself that it isn't a signature. What can't be read goes to the verifier, which says what is wrong with it. */
function isStatement(material: SignatureMaterial): boolean {
  if (material.layout === "simple") return false;
  const predicate = predicateOf(material.bytes);
  return predicate !== undefined && predicate !== signaturePredicate;
}

/** What an in-toto statement in a sigstore bundle says that it is; undefined where that can't be read. Nothing is verified. */
export function predicateOf(bundle: Uint8Array): string | undefined {
  try {
    const text = JSON.parse(new TextDecoder().decode(bundle)).dsseEnvelope.payload;
    const type = JSON.parse(Buffer.from(text, "base64").toString("utf8")).predicateType;
    return typeof type === "string" ? type : undefined;
  } catch {
    return undefined;
  }
}
