// What a peer says of a package's parts, held to what it must be.
import { createHash } from "node:crypto";
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";
import { isObject, parseStrictJson } from "../trust/strict-json.ts";

const maxReferrers = 64;
const maxListBytes = 256 * 1024;

/** @throws RemoteMediaError `digest-mismatch` */
export function hashPackageBytes(bytes: Uint8Array, digest: Digest, what: string): void {
  const actual = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (actual === digest) return;
  throw new RemoteMediaError("digest-mismatch", `${what} has another digest than it was asked for by`, {
    where: { digest },
  });
}

/** The descriptors of signatures' manifests. @throws RemoteMediaError `peer-invalid` */
export function parseReferrerList(bytes: Uint8Array): readonly Descriptor[] {
  const refuse = (why: string) =>
    new RemoteMediaError("peer-invalid", `the list of the package's signatures ${why}`);
  const list = parseStrictJson(bytes, { maxBytes: maxListBytes }, refuse);
  if (!Array.isArray(list) || list.length > maxReferrers) throw refuse("is no list of as many as are taken");
  return list.map((one: unknown): Descriptor => {
    if (!isObject(one)) throw refuse("has what is no descriptor");
    const { mediaType, digest, size, artifactType } = one;
    const fits =
      typeof mediaType === "string" &&
      mediaType.length <= 256 &&
      typeof digest === "string" &&
      isDigest(digest) &&
      Number.isSafeInteger(size) &&
      (size as number) > 0;
    if (!fits) throw refuse("has what is no descriptor");
    return {
      mediaType,
      digest,
      size: size as number,
      ...(typeof artifactType === "string" && artifactType.length <= 256 ? { artifactType } : {}),
    };
  });
}
