// Puts together what a person wants to know of a package before running it. Everything in it is attacker-controlled; nothing is run or unpacked.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { holdToDigest } from "./collect-blob.ts";
import { inspectModules, type ModuleQuestions, readDescriptors } from "./inspect-modules.ts";
import { inspectNodes, type LookupNode } from "./inspect-nodes.ts";
import { inspectProvenance } from "./inspect-provenance.ts";
import { inspectSignatures } from "./inspect-signatures.ts";
import type { InspectedFile, InspectedOrigin, InspectedProvenance, Inspection } from "./inspection.ts";
import type { PackageLayer, PackageManifest } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";
import { readConfig } from "./read-config.ts";
import { readSignatures } from "./read-signatures.ts";

export interface InspectOptions extends ModuleQuestions {
  /** By which signatures are judged; without one none is verified. */
  readonly policy?: TrustPolicy | undefined;
  /** The built-in node types; without it every type that isn't a module's is `unknown`. */
  readonly lookup?: LookupNode | undefined;
}

/** Looks without trusting: a package that nobody signed is described as well. A module that can't be read is described by its problem.
 * @throws RemoteMediaError `digest-mismatch`, `package-invalid`, `manifest-*`, and what the source throws */
export async function inspectPackage(
  source: PackageSource,
  options: InspectOptions = {},
): Promise<Inspection> {
  const { manifest } = source;
  const { digest } = manifest.descriptor;
  holdToDigest(manifest.bytes, digest, "package's manifest");
  const found = await readSignatures(source);
  const config = await readConfig(source);
  const pipeline = parseManifest(decode(config, manifest), "manifest.json");
  const descriptors = await readDescriptors(source, pipeline);
  const origin = source.repository === undefined ? {} : { repository: source.repository };
  const subject = { digest, pipeline: pipeline.name, ...origin };
  const provenance = inspectProvenance(subject, found.attestations, options.policy);
  const { metadata } = JSON.parse(new TextDecoder().decode(config)) as { metadata?: { version?: string } };
  return {
    name: printable(pipeline.name, 255),
    ...(pipeline.description === undefined ? {} : { description: printable(pipeline.description, 4096) }),
    ...(metadata?.version === undefined ? {} : { version: printable(metadata.version) }),
    source: source.name,
    digest,
    size: manifest.blobs.reduce((sum, { size }) => sum + size, manifest.descriptor.size),
    nodes: inspectNodes(pipeline, descriptors, options.lookup),
    modules: await inspectModules(source, pipeline, options),
    models: manifest.layers.filter(({ kind }) => kind === "model").map(describeFile),
    base_repositories: [
      ...new Set(manifest.layers.flatMap(({ base }) => (base === undefined ? [] : [base]))),
    ],
    signatures: inspectSignatures(subject, found.signatures, options.policy),
    provenance,
    origins: manifest.layers.map((layer) => originOf(layer, provenance)),
  };
}

function describeFile({ path, descriptor }: PackageLayer): InspectedFile {
  const { mediaType, size, digest } = descriptor;
  return { path, media_type: mediaType, size, digest };
}

function originOf({ path, descriptor, base }: PackageLayer, statements: readonly InspectedProvenance[]) {
  const { digest, size } = descriptor;
  const file = { path, digest, size };
  if (base !== undefined) return { ...file, from: "base", repository: base } satisfies InspectedOrigin;
  for (const { verified, dependencies } of statements) {
    const dependency = dependencies.find((one) => one.digest === digest);
    if (dependency === undefined) continue;
    const { digest: _, ...named } = dependency;
    return { ...file, from: "dependency", ...named, verified } satisfies InspectedOrigin;
  }
  return { ...file, from: "package" } satisfies InspectedOrigin;
}

function decode(config: Uint8Array, { config: { digest } }: PackageManifest): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(config);
  } catch (cause) {
    const where = { digest, file: "manifest.json" };
    throw new RemoteMediaError("manifest-syntax", "the package's manifest.json is no UTF-8 text", {
      where,
      cause,
    });
  }
}
