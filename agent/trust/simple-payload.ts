// The payload of simple signing: which digest somebody signed.
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import type { Refuse } from "./refuse.ts";
import { simpleSigningKind } from "./signed.ts";
import { isObject, parseStrictJson, readObject } from "./strict-json.ts";

const maxPayloadBytes = 64 * 1024;

/** The digest of the payload, whose signature is another question. Unknown critical fields are refused, as the format
 * asks; `docker-reference` is a claim that copying a package makes untrue, so it is only checked to be text.
 * @see https://github.com/containers/image/blob/v5.36.2/docs/containers-signature.5.md#json-data-format */
export function parseSimplePayload(payload: Uint8Array, refuse: Refuse): Digest {
  const value = parseStrictJson(payload, { maxBytes: maxPayloadBytes }, refuse);
  const { critical, optional } = readObject(value, "the payload", ["critical", "optional"], refuse);
  const { identity, image, type } = readObject(critical, "critical", ["identity", "image", "type"], refuse);
  if (optional !== undefined && optional !== null && !isObject(optional))
    throw refuse("has an `optional` that isn't an object");
  const { "docker-reference": reference } = readObject(identity, "identity", ["docker-reference"], refuse);
  if (typeof reference !== "string") throw refuse("has no docker reference");
  const { "docker-manifest-digest": digest } = readObject(image, "image", ["docker-manifest-digest"], refuse);
  if (type !== simpleSigningKind) throw refuse(`isn't a "${simpleSigningKind}"`);
  if (!isDigest(digest)) throw refuse("has no digest of a manifest");
  return digest;
}
