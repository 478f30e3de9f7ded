// The pipeline's manifest out of a package: the config blob, held to its digest.
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { collectBlob } from "./collect-blob.ts";
import { maxConfigBytes } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";

/** @throws RemoteMediaError `package-invalid`, `digest-mismatch`, and what the source throws */
export function readConfig(source: PackageSource): Promise<Uint8Array> {
  const { config } = source.manifest;
  return collectBlob(config, source.read(config), "pipeline's manifest.json", maxConfigBytes);
}

/** The name by which policies judge a pipeline, as `parseManifest` gives it: nothing else of it is looked at.
 * @throws RemoteMediaError `package-invalid` where it is no JSON object or names itself by something other than a text */
export function pipelineName(config: Uint8Array, digest: Digest): string {
  const refuse = (why: string, cause?: unknown) =>
    new RemoteMediaError("package-invalid", `the package's manifest.json ${why}`, {
      where: { digest, file: "manifest.json" },
      cause,
    });
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(config));
  } catch (cause) {
    throw refuse("is no JSON", cause);
  }
  if (typeof document !== "object" || document === null) throw refuse("is no JSON object");
  const { metadata } = document as { metadata?: unknown };
  if (metadata === undefined) return unnamed;
  const name = (metadata as { name?: unknown } | null)?.name;
  if (name === undefined || name === "") return unnamed;
  if (typeof name !== "string" || name.length > 255) throw refuse("has no valid metadata.name");
  return name;
}

const unnamed = "pipeline";
