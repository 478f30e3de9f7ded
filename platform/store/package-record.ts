// The record of a package as it lies in `state/packages/`: whole and of the right shape, or as if it weren't there.
import { type Digest, isDigest } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import type { Descriptor } from "../contract/oci.ts";
import type { PackageRecord } from "../contract/package-store.ts";
import { decodeCheckedJson, encodeCheckedJson, maxCheckedBytes } from "./checked-json.ts";

const maxTextLength = 4096;
const maxListLength = 10_000;

/** @throws RemoteMediaError `package-invalid` on a record that couldn't be read again */
export function encodeRecord(record: PackageRecord): Uint8Array {
  const bytes = encodeCheckedJson(record);
  if (bytes.byteLength <= maxCheckedBytes && decodeRecord(bytes, record.digest) !== undefined) return bytes;
  throw new RemoteMediaError("package-invalid", "what is to be remembered of the package is too much", {
    where: { digest: record.digest },
  });
}

/** @returns undefined where it is torn, or is another package's */
export function decodeRecord(bytes: Uint8Array, digest: Digest): PackageRecord | undefined {
  const record = decodeCheckedJson(bytes);
  return isRecord(record) && record.digest === digest ? record : undefined;
}

function isRecord(value: unknown): value is PackageRecord {
  return (
    isObject(value) &&
    isDigest(value["digest"]) &&
    isText(value["name"]) &&
    isText(value["stored"]) &&
    isText(value["used"]) &&
    isList(value["references"], isText) &&
    isList(value["pins"], isText) &&
    isList(value["blobs"], isBlob) &&
    isList(value["referrers"], isDescriptor)
  );
}

function isBlob(value: unknown): value is Pick<Descriptor, "digest" | "size"> {
  return (
    isObject(value) &&
    isDigest(value["digest"]) &&
    Number.isSafeInteger(value["size"]) &&
    (value["size"] as number) >= 0
  );
}

function isDescriptor(value: unknown): value is Descriptor {
  if (!isBlob(value)) return false;
  const { mediaType, artifactType, annotations } = value as Partial<Descriptor>;
  return (
    isText(mediaType) &&
    (artifactType === undefined || isText(artifactType)) &&
    (annotations === undefined || (isObject(annotations) && isList(Object.values(annotations), isText)))
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxTextLength;
}

function isList<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.length <= maxListLength && value.every(isItem);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
