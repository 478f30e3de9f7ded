// From what lies in a folder to what a package of it is: which file becomes which layer, and the bytes of its two manifests. Pure.
import type { Digest } from "../../platform/base/digest.ts";
import type { OciReference } from "../../platform/base/oci-reference.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Descriptor, imageManifestType } from "../../platform/contract/oci.ts";
import { descriptorPaths } from "../manifest/descriptor-paths.ts";
import { canonicalJson } from "./canonical-json.ts";
import { digestBytes } from "./collect-blob.ts";
import { asObject, invalid, type JsonObject } from "./layout-descriptor.ts";
import {
  baseAnnotation,
  emptyDescriptor,
  type LayerKind,
  layerTypes,
  type PackageManifest,
  packageType,
  pipelineConfigType,
  titleAnnotation,
} from "./package-manifest.ts";
import { parsePackageManifest } from "./parse-package-manifest.ts";

/** A module as the folder has it. Paths are relative to the manifest, without `.` and empty names. */
export interface SourceModule {
  /** Its key in the manifest's `modules`. */
  readonly type: string;
  readonly source: string;
  /** Where its descriptor lies; undefined where it has none. */
  readonly descriptor?: string | undefined;
  readonly base?: OciReference | undefined;
}

export interface PackageRequest {
  /** The manifest's JSON. */
  readonly document: JsonObject;
  readonly modules: readonly SourceModule[];
  /** Paths of the files in `models/`. */
  readonly models: readonly string[];
  /** Of each path above, what the file's bytes are. */
  readonly files: ReadonlyMap<string, Pick<Descriptor, "digest" | "size">>;
}

export interface PackagePlan {
  readonly manifest: PackageManifest;
  /** The pipeline's manifest, canonical, with the package's own paths. */
  readonly config: Uint8Array;
  /** By path in the package: the file in the folder. */
  readonly sources: ReadonlyMap<string, string>;
}

interface PlannedLayer {
  readonly source: string;
  readonly kind: LayerKind;
  readonly base?: string | undefined;
}

/** The same folder gives the same plan, whatever the order in which its files were found; so does the folder that the package unpacks to.
 * @throws RemoteMediaError `package-invalid`: paths that clash or can't be in a package, a module that would get another descriptor */
export function planPackage(request: PackageRequest): PackagePlan {
  const layers = planLayers(request);
  const config = canonicalJson(packedDocument(request));
  const paths = [...layers.keys()].sort();
  const listed = paths.map((path) => layerDescriptor(path, layers.get(path)!, request));
  const bytes = canonicalJson({
    schemaVersion: 2,
    mediaType: imageManifestType,
    artifactType: packageType,
    config: { mediaType: pipelineConfigType, digest: digestBytes(config), size: config.length },
    layers: listed.length === 0 ? [emptyDescriptor] : listed,
    annotations: describePipeline(request.document),
  });
  const descriptor = { mediaType: imageManifestType, digest: digestBytes(bytes), size: bytes.length };
  const sources = new Map([...layers].map(([path, { source }]) => [path, source]));
  return { manifest: parsePackageManifest(descriptor, bytes), config, sources };
}

/** Where a module goes: what isn't in `modules/` moves there. */
function modulePath(source: string): string {
  return source.startsWith("modules/") ? source : `modules/${source}`;
}

/** A descriptor stays where it is; that of a module which moves goes beside it under the module's own name. */
function descriptorPath({ source }: SourceModule, descriptor: string): string {
  return modulePath(source) === source ? descriptor : descriptorPaths(modulePath(source))[0];
}

function planLayers({ modules, models, files }: PackageRequest): ReadonlyMap<string, PlannedLayer> {
  const layers = new Map<string, PlannedLayer>();
  const add = (path: string, layer: PlannedLayer) => {
    const known = layers.get(path);
    if (known !== undefined && known.source !== layer.source) {
      throw invalid(
        `"${printable(known.source)}" and "${printable(layer.source)}" would both be ${printable(path)} in the package`,
      );
    }
    if (known?.base !== undefined && layer.base !== undefined && known.base !== layer.base) {
      throw invalid(`${printable(layer.source)} has two bases, ${known.base} and ${layer.base}`);
    }
    layers.set(path, { ...layer, base: layer.base ?? known?.base });
  };
  for (const module of modules) {
    const { source, descriptor, base } = module;
    const kind = source.endsWith(".py") ? "python" : "wasm";
    add(modulePath(source), { source, kind, base: base && `${base.host}/${base.repository}` });
    if (descriptor !== undefined) {
      add(descriptorPath(module, descriptor), { source: descriptor, kind: "descriptor" });
    }
  }
  for (const source of models) add(source, { source, kind: "model" });
  for (const module of modules) checkDescriptor(module, layers, files);
  return layers;
}

/** A module must find the descriptor in the package that it has in the folder, and one without must find none. */
function checkDescriptor(
  { type, source, descriptor }: SourceModule,
  layers: ReadonlyMap<string, PlannedLayer>,
  files: PackageRequest["files"],
): void {
  const path = descriptorPaths(modulePath(source)).find((one) => layers.has(one));
  const found = path === undefined ? undefined : layers.get(path)!.source;
  if (digestOf(files, found) === digestOf(files, descriptor)) return;
  throw invalid(
    `in the package the module ${type} (${printable(source)}) would be described by ${printable(found ?? "nothing")}, not by ${printable(descriptor ?? "nothing")}: give it a descriptor of its own name beside it`,
  );
}

function digestOf(files: PackageRequest["files"], source: string | undefined): Digest | undefined {
  return source === undefined ? undefined : files.get(source)?.digest;
}

function layerDescriptor(path: string, { source, kind, base }: PlannedLayer, { files }: PackageRequest) {
  const { digest, size } = files.get(source)!;
  const annotations = { [titleAnnotation]: path, ...(base === undefined ? {} : { [baseAnnotation]: base }) };
  return { mediaType: layerTypes[kind], digest, size, annotations };
}

/** The manifest with the modules' paths as the package has them; all else as it was written. */
function packedDocument({ document, modules }: PackageRequest): JsonObject {
  if (document["modules"] === undefined) return document;
  const written = asObject(document["modules"], "modules");
  const paths = new Map(modules.map(({ type, source }) => [type, modulePath(source)]));
  const packed = Object.entries(written).map(([type, module]) => [
    type,
    { ...asObject(module, type), path: paths.get(type) },
  ]);
  return { ...document, modules: Object.fromEntries(packed) };
}

/** What registries and people see. When it was built isn't among it: the same folder is the same package. */
function describePipeline(document: JsonObject): Readonly<Record<string, string>> {
  const metadata = document["metadata"] === undefined ? {} : asObject(document["metadata"], "metadata");
  const annotations: Record<string, string> = { [titleAnnotation]: "pipeline" };
  const names = { name: titleAnnotation, description: descriptionAnnotation, version: versionAnnotation };
  for (const [field, annotation] of Object.entries(names)) {
    const text = metadata[field];
    if (typeof text === "string" && text !== "") annotations[annotation] = text;
  }
  return annotations;
}

const descriptionAnnotation = "org.opencontainers.image.description";
const versionAnnotation = "org.opencontainers.image.version";
