// Reads the manifest of a package as it came: which layer is what, where it goes, and what is refused.
import type { Digest } from "../../platform/base/digest.ts";
import { type OciReference, parseOciReference } from "../../platform/base/oci-reference.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Descriptor, emptyType, imageManifestType } from "../../platform/contract/oci.ts";
import { judgeLayerPath, judgeLayerPaths } from "./layer-path.ts";
import {
  asList,
  asObject,
  holdToDescriptor,
  invalid,
  parseAnnotations,
  parseDescriptor,
  parseJsonObject,
  refuseUnknown,
} from "./layout-descriptor.ts";
import {
  baseAnnotation,
  emptyDescriptor,
  type LayerKind,
  layerTypes,
  maxConfigBytes,
  maxLayers,
  type PackageLayer,
  type PackageManifest,
  packageType,
  pipelineConfigType,
  titleAnnotation,
} from "./package-manifest.ts";

/** Reads the manifest of a package. Unknown fields, media types, paths that leave the package or clash, and sizes that contradict each
 * other are refused.
 * @throws RemoteMediaError `package-invalid`; `digest-mismatch` where the bytes aren't those of the descriptor */
export function parsePackageManifest(descriptor: Descriptor, bytes: Uint8Array): PackageManifest {
  const { digest } = descriptor;
  const of = "the package's manifest";
  holdToDescriptor(bytes, descriptor, of);
  const written = parseJsonObject(bytes, of, digest);
  const { mediaType, artifactType } = written;
  if (mediaType !== imageManifestType || written["schemaVersion"] !== 2) {
    throw invalid(`${of} isn't an OCI image manifest of schema 2`, digest);
  }
  if (artifactType !== packageType) {
    throw invalid(
      `the manifest isn't a pipeline's: its artifact type is ${quote(artifactType)}, not ${packageType}`,
      digest,
    );
  }
  const known = ["schemaVersion", "mediaType", "artifactType", "config", "layers", "annotations"];
  refuseUnknown(written, known, of, digest);
  const config = parsePart(written["config"], "the package's config", ["annotations"]);
  if (config.mediaType !== pipelineConfigType) {
    throw invalid(`the package's config is ${quote(config.mediaType)}, not ${pipelineConfigType}`, digest);
  }
  if (config.size > maxConfigBytes) {
    throw invalid(
      `the pipeline manifest has ${config.size} bytes; at most ${maxConfigBytes} are taken`,
      digest,
    );
  }
  const list = asList(written["layers"], maxLayers, "the list of layers", digest);
  const isEmpty = list.length === 1 && asObject(list[0], "layer 1", digest)["mediaType"] === emptyType;
  const layers = isEmpty ? [] : list.map((layer, index) => parseLayer(layer, `layer ${index + 1}`));
  const clash = judgeLayerPaths(layers.map((layer) => layer.path));
  if (clash !== undefined) throw invalid(`of the package's files, ${clash}`, digest);
  const parts = isEmpty ? [parseEmptyLayer(list[0])] : layers.map((layer) => layer.descriptor);
  const annotations = parseAnnotations(written["annotations"], of);
  return {
    descriptor: { mediaType, digest, size: bytes.length, artifactType },
    bytes,
    config,
    layers,
    blobs: distinctBlobs([config, ...parts]),
    annotations,
  };
}

/** A descriptor of the manifest's own: closed, as everything that is signed. */
function parsePart(value: unknown, of: string, optional: readonly string[]): Descriptor {
  refuseUnknown(asObject(value, of), ["mediaType", "digest", "size", ...optional], of);
  return parseDescriptor(value, of);
}

function parseLayer(value: unknown, of: string): PackageLayer {
  const descriptor = parsePart(value, of, ["annotations"]);
  const { digest, annotations = {} } = descriptor;
  const path = annotations[titleAnnotation];
  if (path === undefined) throw invalid(`${of} has no path: no annotation ${titleAnnotation}`, digest);
  const fault = judgeLayerPath(path);
  if (fault !== undefined) throw invalid(`${of}: ${fault}`, digest);
  const kind = kindOf(descriptor.mediaType);
  if (kind === undefined)
    throw invalid(
      `${of} (${printable(path)}) is ${quote(descriptor.mediaType)}, which no package has`,
      digest,
    );
  if ((kind === "model") !== path.startsWith("models/")) {
    throw invalid(`${of} (${printable(path)}) is of the type ${kind}, which isn't for this folder`, digest);
  }
  if (kind === "descriptor" && descriptor.size > maxConfigBytes) {
    throw invalid(
      `${of} (${printable(path)}) has ${descriptor.size} bytes; at most ${maxConfigBytes} are taken`,
      digest,
    );
  }
  const base = annotations[baseAnnotation];
  return { descriptor, kind, path, ...(base === undefined ? {} : { base: checkBase(base, of, digest) }) };
}

function kindOf(mediaType: string): LayerKind | undefined {
  const kinds = Object.keys(layerTypes) as LayerKind[];
  return kinds.find((kind) => layerTypes[kind] === mediaType);
}

function checkBase(base: string, of: string, digest: Digest): string {
  const { tag, digest: pin } = parseBase(base, of, digest);
  if (tag !== undefined || pin !== undefined)
    throw invalid(`the base of ${of} isn't a repository alone`, digest);
  return base;
}

function parseBase(base: string, of: string, digest: Digest): OciReference {
  try {
    return parseOciReference(`oci://${base}`);
  } catch {
    throw invalid(`the base of ${of}, ${quote(base)}, isn't a HOST/REPOSITORY`, digest);
  }
}

function parseEmptyLayer(value: unknown): Descriptor {
  const of = "the empty layer";
  const empty = parsePart(value, of, ["data", "annotations"]);
  const data = asObject(value, of)["data"];
  if (
    empty.digest !== emptyDescriptor.digest ||
    empty.size !== 2 ||
    (data !== undefined && data !== "e30=")
  ) {
    throw invalid(`${of} isn't empty`, empty.digest);
  }
  return emptyDescriptor;
}

/** One descriptor a digest. @throws RemoteMediaError `package-invalid` where one digest is said to have two sizes */
function distinctBlobs(parts: readonly Descriptor[]): readonly Descriptor[] {
  const blobs = new Map<Digest, Descriptor>();
  let total = 0;
  for (const part of parts) {
    const known = blobs.get(part.digest);
    if (known === undefined) {
      blobs.set(part.digest, part);
      total += part.size;
    } else if (known.size !== part.size) {
      throw invalid(`a blob is said to have ${known.size} bytes, and ${part.size}`, part.digest);
    }
  }
  if (!Number.isSafeInteger(total)) throw invalid("the package's parts are too large together");
  return [...blobs.values()];
}

function quote(value: unknown): string {
  return printable(JSON.stringify(value) ?? "missing");
}
