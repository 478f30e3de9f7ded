// The manifest of a package as OCI has it: which layer is what, where it goes, and what is refused.
import type { Digest } from "../../platform/base/digest.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";

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

export const titleAnnotation = "org.opencontainers.image.title";
/** The repository that a layer is mounted from, as `host/repository`: a base module of another project. */
export const baseAnnotation = "dev.remotemedia.base.repository";

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
  readonly layers: readonly PackageLayer[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The digest that a layer of the package must have; undefined for a path that isn't in it. */
export function digestOf(manifest: PackageManifest, path: string): Digest | undefined {
  return manifest.layers.find((layer) => layer.path === path)?.descriptor.digest;
}
