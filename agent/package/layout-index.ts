// What the index of an OCI image layout holds: the package, and what is attached to it. Every manifest is held to its digest before it is looked at.
import { type Digest, digestHex } from "../../platform/base/digest.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Descriptor, imageIndexType, imageManifestType } from "../../platform/contract/oci.ts";
import { canonicalJson } from "./canonical-json.ts";
import { digestBytes } from "./collect-blob.ts";
import {
  asList,
  asObject,
  holdToDescriptor,
  invalid,
  type JsonObject,
  parseAnnotations,
  parseDescriptor,
  parseJsonObject,
  refuseUnknown,
} from "./layout-descriptor.ts";
import { packageType } from "./package-manifest.ts";
import type { Referrer } from "./package-source.ts";
import { maxReferrers } from "./read-signatures.ts";

export const refNameAnnotation = "org.opencontainers.image.ref.name";
/** Our own files' index says the digest of its canonical form without this: then no byte of such a file is without a check. */
export const indexDigestAnnotation = "dev.remotemedia.index.digest";
export const layoutVersion = { imageLayoutVersion: "1.0.0" };

const maxIndexManifests = 1024;
/** Of all manifests of an index together. */
const maxManifestsBytes = 64 * 1024 * 1024;

/** A manifest of the index, read: what it says it is, and the name it stands under. */
export interface IndexedManifest extends Referrer {
  readonly name: string | undefined;
  /** As the distribution spec derives it: the manifest's, else its config's media type. */
  readonly artifactType: string | undefined;
  readonly subject: Digest | undefined;
}

/** @throws RemoteMediaError `package-invalid` */
export function parseLayoutVersion(bytes: Uint8Array): void {
  const layout = parseJsonObject(bytes, "oci-layout");
  const isKnown = layout["imageLayoutVersion"] === layoutVersion.imageLayoutVersion;
  if (!isKnown || Object.keys(layout).length !== 1) throw invalid("oci-layout isn't of the version 1.0.0");
}

/** What the index points to; one in another isn't followed. A descriptor may stand under several names.
 * @throws RemoteMediaError `package-invalid`, `digest-mismatch` */
export function parseLayoutIndex(bytes: Uint8Array): readonly Descriptor[] {
  const of = "index.json";
  const index = parseJsonObject(bytes, of);
  refuseUnknown(index, ["schemaVersion", "mediaType", "manifests", "annotations"], of);
  const { mediaType = imageIndexType, schemaVersion } = index;
  if (schemaVersion !== 2 || mediaType !== imageIndexType)
    throw invalid(`${of} isn't an OCI image index of schema 2`);
  checkIndexDigest(index, of);
  const list = asList(index["manifests"], maxIndexManifests, `the list of ${of}`);
  const manifests = list.map((entry, at) => parseDescriptor(entry, `manifest ${at + 1} of ${of}`));
  for (const { mediaType, digest } of manifests) {
    if (mediaType === imageManifestType) continue;
    const what = mediaType === imageIndexType ? "another index, which isn't followed" : printable(mediaType);
    throw invalid(`${of} points to ${what}; a package's layout has image manifests only`, digest);
  }
  const sizes = new Map(manifests.map(({ digest, size }) => [digest, size]));
  const lie = manifests.find(({ digest, size }) => sizes.get(digest) !== size);
  if (lie !== undefined) throw invalid(`${of} says two sizes of one manifest`, lie.digest);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (total > maxManifestsBytes) throw invalid(`the manifests of ${of} have ${total} bytes together`);
  return manifests;
}

function checkIndexDigest(index: JsonObject, of: string): void {
  const annotations = parseAnnotations(index["annotations"], of);
  const unknown = Object.keys(annotations).find((key) => key !== indexDigestAnnotation);
  if (unknown !== undefined)
    throw invalid(`${of} has the annotation "${printable(unknown)}", which isn't taken here`);
  const said = annotations[indexDigestAnnotation];
  if (said !== undefined && said !== indexDigest(index))
    throw invalid(`${of} was changed: its digest is another`);
}

/** Of an index, as `indexDigestAnnotation` says it. */
export function indexDigest(index: JsonObject): Digest {
  const { annotations: _, ...rest } = index;
  return digestBytes(canonicalJson(rest));
}

/** Holds a manifest to its digest and to what the index says of it. @throws RemoteMediaError `package-invalid`, `digest-mismatch` */
export function readIndexed(descriptor: Descriptor, bytes: Uint8Array): IndexedManifest {
  const { digest } = descriptor;
  const of = `the manifest ${digest}`;
  holdToDescriptor(bytes, descriptor, of);
  const document = parseJsonObject(bytes, of, digest);
  const artifactType = artifactTypeOf(document, of, digest);
  if (descriptor.artifactType !== undefined && descriptor.artifactType !== artifactType) {
    throw invalid(
      `index.json says of ${of} that it is ${printable(descriptor.artifactType)}, which it isn't`,
      digest,
    );
  }
  const subject = document["subject"];
  return {
    descriptor,
    bytes,
    artifactType,
    name: descriptor.annotations?.[refNameAnnotation],
    subject: subject === undefined ? undefined : parseDescriptor(subject, `the subject of ${of}`).digest,
  };
}

function artifactTypeOf(document: JsonObject, of: string, digest: Digest): string | undefined {
  const { artifactType, config } = document;
  if (typeof artifactType === "string" && artifactType !== "") return artifactType;
  if (config === undefined) return undefined;
  const { mediaType } = asObject(config, `the config of ${of}`, digest);
  return typeof mediaType === "string" ? mediaType : undefined;
}

/** The one package. @throws RemoteMediaError `package-invalid` where there is none, or more than one */
export function findPackage(manifests: readonly IndexedManifest[]): IndexedManifest {
  const packages = new Map(
    manifests.filter((one) => one.artifactType === packageType).map((one) => [one.descriptor.digest, one]),
  );
  const [first] = packages.values();
  if (first === undefined)
    throw invalid(`index.json has no pipeline package: nothing of the type ${packageType}`);
  if (packages.size === 1) return first;
  throw invalid(
    `index.json has ${packages.size} pipeline packages; a file holds one`,
    first.descriptor.digest,
  );
}

/** What has the package as its subject, and what stands at cosign's names for it. Each once, in the index's order.
 * @throws RemoteMediaError `package-invalid` where there are more than `maxReferrers` */
export function findReferrers(
  manifests: readonly IndexedManifest[],
  digest: Digest,
): readonly IndexedManifest[] {
  const names = ["sig", "att"].map((end) => `sha256-${digestHex(digest)}.${end}`);
  const attached = manifests.filter(
    ({ subject, name }) => subject === digest || (name !== undefined && names.includes(name)),
  );
  const referrers = [...new Map(attached.map((one) => [one.descriptor.digest, one])).values()];
  if (referrers.length > maxReferrers) {
    throw invalid(`${referrers.length} signatures are attached; at most ${maxReferrers} are taken`, digest);
  }
  return referrers;
}
