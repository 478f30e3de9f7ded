// The manifest of a package as OCI has it: which layer is what, where it goes, and what is refused.
import type { Digest } from "../../platform/base/digest.ts";
import { type Descriptor, emptyType } from "../../platform/contract/oci.ts";

export const packageType = "application/vnd.remotemedia.pipeline.v1";
export const pipelineConfigType = "application/vnd.remotemedia.pipeline.config.v1+json";

/** What a layer is, by its media type. */
export type LayerKind = "wasm" | "python" | "model" | "descriptor";

export const layerTypes: Readonly<Record<LayerKind, string>> = {
  wasm: "application/wasm",
  python: "application/vnd.remotemedia.node.python.v1",
  model: "application/vnd.cncf.model.weight.v1.raw",
  descriptor: "application/vnd.remotemedia.node.descriptor.v1+json",
};

/** On a layer its path, on the manifest the pipeline's name. */
export const titleAnnotation = "org.opencontainers.image.title";
/** The repository that a layer is mounted from, as `host/repository`: a base module of another project. */
export const baseAnnotation = "dev.remotemedia.base.repository";

export const maxLayers = 1024;
/** Of the pipeline manifest and of a node descriptor, in bytes: both are read as a whole. */
export const maxConfigBytes = 8 * 1024 * 1024;

/** The one layer of a package that has no others. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor */
export const emptyDescriptor: Descriptor = {
  mediaType: emptyType,
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
};
export const emptyBytes: Uint8Array = new TextEncoder().encode("{}");

export interface PackageLayer {
  readonly descriptor: Descriptor;
  readonly kind: LayerKind;
  /** `modules/…` or `models/…`. */
  readonly path: string;
  /** `host/repository` of a base module. */
  readonly base?: string;
}

export interface PackageManifest {
  /** Of the manifest itself: the package's identity. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly config: Descriptor;
  /** Without the lone empty layer. */
  readonly layers: readonly PackageLayer[];
  /** Every distinct blob that it needs: the config, then layers, the lone empty one too. */
  readonly blobs: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The digest that a layer of the package must have; undefined for a path that isn't in it. */
export function digestOf(manifest: PackageManifest, path: string): Digest | undefined {
  return manifest.layers.find((layer) => layer.path === path)?.descriptor.digest;
}

/** What a blob of the package is to people: a layer's path, or what it is there for. */
export function partName(manifest: PackageManifest, digest: Digest): string {
  if (digest === manifest.descriptor.digest) return "the package's manifest";
  if (digest === manifest.config.digest) return "the pipeline's manifest.json";
  return manifest.layers.find((layer) => layer.descriptor.digest === digest)?.path ?? "the empty layer";
}
