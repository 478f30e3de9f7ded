// Documents of a mesh as they travel: JSON in a DSSE envelope, signed by one key.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import { decodeBase64 } from "../trust/base64.ts";
import {
  type DsseEnvelope,
  findSigners,
  formatEnvelope,
  parseEnvelope,
  signEnvelope,
} from "../trust/dsse.ts";
import { type PublicKey, publicKeyOf } from "../trust/public-key.ts";
import type { SigningKey } from "../trust/signing-key.ts";
import { type JsonObject, parseStrictJson, readObject } from "../trust/strict-json.ts";

/** No document of a mesh comes near it. */
export const maxDocumentBytes = 16 * 1024;

export type RefuseDocument = (why: string, cause?: unknown) => RemoteMediaError;

export function refuseBy(code: ErrorCode, what: string): RefuseDocument {
  return (why, cause) => new RemoteMediaError(code, `${what} ${why}`, { cause });
}

export function signDocument(type: string, document: object, key: SigningKey): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(document));
  return new TextEncoder().encode(JSON.stringify(formatEnvelope(signEnvelope(type, payload, [key]))));
}

/** The document of an envelope, which must be of this type. Nobody has looked at its signature yet: `verifySigned` does. */
export function parseSigned(
  bytes: Uint8Array,
  type: string,
  fields: readonly string[],
  refuse: RefuseDocument,
): { readonly envelope: DsseEnvelope; readonly document: JsonObject } {
  const envelope = parseEnvelope(parseStrictJson(bytes, { maxBytes: maxDocumentBytes }, refuse), refuse);
  if (envelope.payloadType !== type) throw refuse("is a document of another kind");
  const document = parseStrictJson(envelope.payload, { maxBytes: maxDocumentBytes }, refuse);
  return { envelope, document: readObject(document, "the document", fields, refuse) };
}

export function verifySigned(envelope: DsseEnvelope, key: PublicKey, refuse: RefuseDocument): void {
  if (findSigners(envelope, [key]).length === 0)
    throw refuse("isn't signed by the key that it must be signed by");
}

/** A key as documents write it: its SubjectPublicKeyInfo in base64. */
export function readKey(value: unknown, refuse: RefuseDocument): PublicKey {
  const spki = typeof value === "string" ? decodeBase64(value) : undefined;
  if (spki === undefined) throw refuse("has a key that isn't base64");
  return publicKeyOf(spki, refuse);
}
