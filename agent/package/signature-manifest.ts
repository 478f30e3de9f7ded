// The manifests that carry signatures and attestations, as cosign writes them: a sigstore bundle as a referrer, and simple signing at a tag.
import { type Digest, digestHex } from "../../platform/base/digest.ts";
import { type Descriptor, emptyType, imageManifestType } from "../../platform/contract/oci.ts";
import { digestBytes } from "./collect-blob.ts";
import type { Referrer } from "./package-source.ts";

/** @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
export const simpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json";
export const simpleSignatureAnnotation = "dev.cosignproject.cosign/signature";
const predicateAnnotation = "dev.sigstore.bundle.predicateType";
/** The predicate by which cosign tells a signature from other attestations. */
export const signaturePredicate = "https://sigstore.dev/cosign/sign/v1";
export const provenancePredicate = "https://slsa.dev/provenance/v1";

export interface HeldBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** A signature or attestation, ready to be put beside its package. */
export interface AttachedReferrer {
  readonly referrer: Referrer;
  /** What its manifest points to: config and layers. */
  readonly blobs: readonly HeldBlob[];
  /** The tag at which it stands rather than by its subject: cosign's `sha256-<hex>.sig`. */
  readonly tag?: string;
}

/** What `signPackage` of agent/trust gives. */
export interface PackageSignature {
  readonly bundle: Uint8Array;
  readonly simple: { readonly payload: Uint8Array; readonly signature: string };
}

/** Where cosign looks for simple signatures of a manifest. */
export function simpleSigningTag(subject: Digest): string {
  return `sha256-${digestHex(subject)}.sig`;
}

/** A new signature in both layouts. Whoever adds it to a package merges its simple layout with what is there already: `mergeSimpleSigning`. */
export function signatureManifests(
  signature: PackageSignature,
  subject: Descriptor,
): readonly [bundle: AttachedReferrer, simple: AttachedReferrer] {
  const payload = held(signature.simple.payload, simpleSigningType);
  const annotations = { [simpleSignatureAnnotation]: signature.simple.signature };
  return [
    bundleManifest(signature.bundle, subject, signaturePredicate),
    simpleManifest([{ ...payload.descriptor, annotations }], [payload], simpleSigningTag(subject.digest)),
  ];
}

/** A signed provenance, a sigstore bundle, as a referrer. */
export function provenanceManifest(bundle: Uint8Array, subject: Descriptor): AttachedReferrer {
  return bundleManifest(bundle, subject, provenancePredicate);
}

/** A sigstore bundle as a referrer of its subject. */
export function bundleManifest(
  bundle: Uint8Array,
  subject: Descriptor,
  predicateType: string,
): AttachedReferrer {
  const layer = held(bundle, bundleType);
  const config = held(new TextEncoder().encode("{}"), emptyType);
  // cosign also writes the time here. Nobody reads it, and without it the same signature is the same manifest.
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    [predicateAnnotation]: predicateType,
  };
  const referrer = heldJson(imageManifestType, {
    schemaVersion: 2,
    mediaType: imageManifestType,
    artifactType: bundleType,
    config: config.descriptor,
    layers: [layer.descriptor],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  });
  const descriptor = { ...referrer.descriptor, artifactType: bundleType, annotations };
  return { referrer: { descriptor, bytes: referrer.bytes }, blobs: [config, layer] };
}

/** An image to registries' and cosign's eyes: the config lists its layers. */
export function simpleManifest(
  layers: readonly Descriptor[],
  blobs: readonly HeldBlob[],
  tag: string,
): AttachedReferrer {
  const never = "0001-01-01T00:00:00Z";
  const config = heldJson("application/vnd.oci.image.config.v1+json", {
    architecture: "",
    created: never,
    history: layers.map(() => ({ created: never })),
    os: "",
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    config: {},
  });
  const manifest = { schemaVersion: 2, mediaType: imageManifestType, config: config.descriptor, layers };
  return {
    referrer: heldJson(imageManifestType, manifest),
    blobs: [config, ...blobs],
    tag,
  };
}

function heldJson(mediaType: string, value: object): HeldBlob {
  return held(new TextEncoder().encode(JSON.stringify(value)), mediaType);
}

function held(bytes: Uint8Array, mediaType: string): HeldBlob {
  return { descriptor: { mediaType, digest: digestBytes(bytes), size: bytes.length }, bytes };
}
