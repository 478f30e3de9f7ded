// Packages in memory for tests: their parts, keys that sign them, and a source that lies on demand.
import { generateKeyPairSync } from "node:crypto";
import { digestBytes } from "../../../agent/package/collect-blob.ts";
import {
  baseAnnotation,
  emptyBytes,
  emptyDescriptor,
  type LayerKind,
  layerTypes,
  packageType,
  pipelineConfigType,
  titleAnnotation,
} from "../../../agent/package/package-manifest.ts";
import type { PackageSource } from "../../../agent/package/package-source.ts";
import { parsePackageManifest } from "../../../agent/package/parse-package-manifest.ts";
import {
  type AttachedReferrer,
  provenanceManifest,
  signatureManifests,
} from "../../../agent/package/signature-manifest.ts";
import { signPackage } from "../../../agent/trust/sign-package.ts";
import { signStatement } from "../../../agent/trust/sign-statement.ts";
import { openSigningKey, type SigningKey } from "../../../agent/trust/signing-key.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { type Descriptor, imageManifestType } from "../../../platform/contract/oci.ts";

export interface MemoryFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly kind?: LayerKind;
  readonly base?: string;
}

/** The parts of a package; a test may change them. */
export interface MemoryPackage {
  readonly digest: Digest;
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  readonly blobs: Map<Digest, Uint8Array>;
  readonly carriers: AttachedReferrer[];
}

export interface MemoryPipeline {
  readonly name?: string;
  readonly files?: readonly MemoryFile[];
  readonly nodes?: readonly object[];
  readonly modules?: Readonly<Record<string, { path: string }>>;
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A pipeline of one pass-through node, and files. */
export function makePackage({
  name = "doorbell",
  files = [],
  nodes,
  modules,
}: MemoryPipeline = {}): MemoryPackage {
  const blobs = new Map<Digest, Uint8Array>();
  const put = (bytes: Uint8Array, mediaType: string, annotations?: Record<string, string>): Descriptor => {
    const digest = digestBytes(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...(annotations === undefined ? {} : { annotations }) };
  };
  const pipeline = {
    version: "v1",
    metadata: { name },
    ...(modules === undefined ? {} : { modules }),
    nodes: nodes ?? [{ id: "pass", node_type: "PassThrough" }],
  };
  const config = put(encode(pipeline), pipelineConfigType);
  const layers = files.map(({ path, bytes, kind = path.startsWith("models/") ? "model" : "wasm", base }) =>
    put(bytes, layerTypes[kind], {
      [titleAnnotation]: path,
      ...(base === undefined ? {} : { [baseAnnotation]: base }),
    }),
  );
  if (layers.length === 0) blobs.set(emptyDescriptor.digest, emptyBytes);
  const bytes = encode({
    schemaVersion: 2,
    mediaType: imageManifestType,
    artifactType: packageType,
    config,
    layers: layers.length === 0 ? [emptyDescriptor] : layers,
  });
  const digest = digestBytes(bytes);
  const descriptor = { mediaType: imageManifestType, digest, size: bytes.length };
  return { digest, manifest: { descriptor, bytes }, blobs, carriers: [] };
}

/** Bytes that say where they belong. */
export function fileOf(path: string, size = 100): MemoryFile {
  return { path, bytes: new TextEncoder().encode(path.repeat(Math.ceil(size / path.length)).slice(0, size)) };
}

export function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return openSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }) as string, undefined);
}

/** A signature of a package in both layouts. */
export function sign(
  made: MemoryPackage,
  key: SigningKey,
): readonly [bundle: AttachedReferrer, simple: AttachedReferrer] {
  const signature = signPackage({ digest: made.digest, reference: "localhost/doorbell" }, key);
  return signatureManifests(signature, made.manifest.descriptor);
}

/** A statement about a package that isn't a signature. */
export function attest(made: MemoryPackage, key: SigningKey, predicate: object): AttachedReferrer {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: made.digest.slice("sha256:".length) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate,
  };
  return provenanceManifest(signStatement(statement, key), made.manifest.descriptor);
}

/** A package with signatures beside it. */
export function withCarriers(made: MemoryPackage, ...carriers: readonly AttachedReferrer[]): MemoryPackage {
  return { ...made, carriers: [...made.carriers, ...carriers] };
}

/** `reads` lists the digests of the blobs that were read. */
export interface MemorySource extends PackageSource {
  readonly reads: Digest[];
}

export function openMemorySource(made: MemoryPackage, repository?: string): MemorySource {
  const blobs = new Map(made.blobs);
  for (const { blobs: parts } of made.carriers) {
    for (const { descriptor, bytes } of parts) blobs.set(descriptor.digest, bytes);
  }
  const reads: Digest[] = [];
  return {
    name: "memory",
    ...(repository === undefined ? {} : { repository }),
    manifest: parsePackageManifest(made.manifest.descriptor, made.manifest.bytes),
    reads,
    referrers: async () => made.carriers.map(({ referrer }) => referrer),
    async *read({ digest }, offset = 0) {
      reads.push(digest);
      yield blobs.get(digest)!.subarray(offset);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
