// The index that lists a manifest's referrers: read out of a registry's answer, and written where the registry has none of its own.
import { isDigest } from "../base/digest.ts";
import { printable } from "../base/printable.ts";
import { type Descriptor, imageIndexType } from "../contract/oci.ts";
import { type Doing, registryError } from "./refusal.ts";

/** How many referrers are looked at: more is an attack or a mistake. */
export const maxReferrers = 1024;

/** The descriptors of an index; what is none is left out, other platforms' fields too. @throws RemoteMediaError `registry-failed` where it's no index */
export function parseReferrers(bytes: Uint8Array, doing: Doing): readonly Descriptor[] {
  return listedIn(parseIndex(bytes, doing), doing).flatMap((entry) => parseDescriptor(entry) ?? []);
}

/** The index with `entry` in it, and everything else as it was; undefined where it's listed already. */
export function addReferrer(
  known: Uint8Array | undefined,
  entry: Descriptor,
  doing: Doing,
): Uint8Array | undefined {
  const index = known === undefined ? {} : parseIndex(known, doing);
  const listed = known === undefined ? [] : listedIn(index, doing);
  if (listed.some((other) => parseDescriptor(other)?.digest === entry.digest)) return undefined;
  if (listed.length >= maxReferrers) {
    throw registryError(
      "registry-failed",
      doing,
      `it lists ${listed.length} manifests already, and no more are taken`,
    );
  }
  const grown = { ...index, schemaVersion: 2, mediaType: imageIndexType, manifests: [...listed, entry] };
  return new TextEncoder().encode(JSON.stringify(grown));
}

function parseIndex(bytes: Uint8Array, doing: Doing): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (cause) {
    throw registryError("registry-failed", doing, "what came isn't JSON", undefined, cause);
  }
  throw registryError("registry-failed", doing, "what came isn't an index");
}

function listedIn(index: Record<string, unknown>, doing: Doing): readonly unknown[] {
  const manifests = Object.hasOwn(index, "manifests") ? index["manifests"] : undefined;
  // Some registries write null for an empty list.
  if (manifests === null) return [];
  if (Array.isArray(manifests)) return manifests;
  throw registryError("registry-failed", doing, "what came is no index of manifests");
}

function parseDescriptor(value: unknown): Descriptor | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { mediaType, digest, size, artifactType, annotations } = value as Record<string, unknown>;
  if (typeof mediaType !== "string" || !isDigest(digest)) return undefined;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
  return {
    mediaType: printable(mediaType, 255),
    digest,
    size,
    ...(typeof artifactType === "string" ? { artifactType: printable(artifactType, 255) } : {}),
    ...(isAnnotations(annotations) ? { annotations: { ...annotations } } : {}),
  };
}

function isAnnotations(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string")
  );
}
