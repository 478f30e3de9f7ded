// Reads OCI's JSON, which is attacker-controlled: documents, objects and descriptors, each bounded and checked by hand (a start pays for no schema library).
import { type Digest, parseDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Descriptor, maxManifestBytes } from "../../platform/contract/oci.ts";
import { digestBytes } from "./collect-blob.ts";

/** No single blob may be larger, in bytes: beyond any weights, and far from where numbers lose their last digit. */
export const maxBlobBytes = 2 ** 40;

const mediaTypePattern =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?:;[ -~]{0,126})?$/;

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a check that failed throws. `digest` is of what was checked. */
export function invalid(message: string, digest?: Digest): RemoteMediaError {
  return new RemoteMediaError("package-invalid", message, digest === undefined ? {} : { where: { digest } });
}

/** Throws unless the bytes are those that the descriptor means. @throws RemoteMediaError `digest-mismatch` */
export function holdToDescriptor(
  bytes: Uint8Array,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  of: string,
): void {
  const actual = bytes.length === size ? digestBytes(bytes) : `${bytes.length} bytes instead of ${size}`;
  if (actual === digest) return;
  throw new RemoteMediaError("digest-mismatch", `${of} should be ${digest}; it has ${actual}`, {
    where: { digest },
    hint: "it was changed or damaged on its way: get the package again",
  });
}

/** A JSON document that is an object, of at most `maxManifestBytes`. @throws RemoteMediaError `package-invalid` */
export function parseJsonObject(bytes: Uint8Array, of: string, digest?: Digest): JsonObject {
  if (bytes.length > maxManifestBytes) {
    throw invalid(`${of} has ${bytes.length} bytes; at most ${maxManifestBytes} are taken`, digest);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    const message = printable(cause instanceof Error ? cause.message : String(cause));
    throw invalid(`${of} isn't JSON: ${message}`, digest);
  }
  return asObject(value, of, digest);
}

export function asObject(value: unknown, of: string, digest?: Digest): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid(`${of} isn't a JSON object`, digest);
}

/** A list of at most `max` elements. */
export function asList(value: unknown, max: number, of: string, digest?: Digest): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${of} isn't a list`, digest);
  if (value.length > max)
    throw invalid(`${of} has ${value.length} elements; at most ${max} are taken`, digest);
  return value;
}

/** Refuses every field that isn't in `known`, by name. */
export function refuseUnknown(
  value: JsonObject,
  known: readonly string[],
  of: string,
  digest?: Digest,
): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw invalid(`${of} has "${printable(unknown)}", which isn't taken here`, digest);
}

/** Annotations: texts by name; an absent one gives none. */
export function parseAnnotations(value: unknown, of: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const annotations = asObject(value, `the annotations of ${of}`);
  const wrong = Object.entries(annotations).find(([, text]) => typeof text !== "string");
  if (wrong !== undefined) throw invalid(`the annotation ${printable(wrong[0])} of ${of} isn't a text`);
  return annotations as Readonly<Record<string, string>>;
}

/** A descriptor, whatever else it has. Fields that point elsewhere (`urls`) or bring the bytes along (`data`) are not read: what we
 * take is always the blob with that digest. @throws RemoteMediaError `package-invalid` */
export function parseDescriptor(value: unknown, of: string): Descriptor {
  const written = asObject(value, of);
  const { mediaType, size, artifactType } = written;
  const digest = parseDigest(written["digest"], of);
  if (!isMediaType(mediaType)) throw invalid(`${of} has no valid media type`, digest);
  if (artifactType !== undefined && artifactType !== "" && !isMediaType(artifactType)) {
    throw invalid(`${of} has no valid artifact type`, digest);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || size > maxBlobBytes) {
    throw invalid(`${of} has no valid size: from 0 to ${maxBlobBytes} bytes are taken`, digest);
  }
  const annotations = parseAnnotations(written["annotations"], of);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined || artifactType === "" ? {} : { artifactType }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function isMediaType(value: unknown): value is string {
  return typeof value === "string" && mediaTypePattern.test(value);
}
