// DSSE envelopes: a payload and its type, signed together by one key or several.
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { isNamedBy, isSignedBy, type PublicKey } from "./public-key.ts";
import type { Refuse } from "./refuse.ts";
import type { SigningKey } from "./signing-key.ts";
import { readObject } from "./strict-json.ts";

export interface DsseSignature {
  readonly sig: Uint8Array;
  /** A hint, not signed itself. We write none: cosign refuses a bundle with one. */
  readonly keyid?: string;
}

export interface DsseEnvelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** At least one. */
  readonly signatures: readonly DsseSignature[];
}

export const maxEnvelopeSignatures = 8;

/** What is signed: type and payload with their lengths, so that neither passes for the other.
 * @see https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md#signature-definition */
export function dssePae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, "utf8");
  const head = Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `, "utf8");
  return new Uint8Array(Buffer.concat([head, payload]));
}

export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  keys: readonly SigningKey[],
): DsseEnvelope {
  const signed = dssePae(payloadType, payload);
  return { payloadType, payload, signatures: keys.map((key) => ({ sig: key.sign(signed) })) };
}

/** The envelope as JSON has it. @see https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md */
export function formatEnvelope(envelope: DsseEnvelope): object {
  return {
    payload: encodeBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ sig, keyid }) => ({
      sig: encodeBase64(sig),
      ...(keyid === undefined ? {} : { keyid }),
    })),
  };
}

/** Parses an envelope out of parsed JSON; nothing in it is verified yet. */
export function parseEnvelope(value: unknown, refuse: Refuse): DsseEnvelope {
  const { payload, payloadType, signatures } = readObject(
    value,
    "its envelope",
    ["payload", "payloadType", "signatures"],
    refuse,
  );
  if (typeof payloadType !== "string" || payloadType.length > 256) throw refuse("has no payload type");
  if (!Array.isArray(signatures) || signatures.length === 0)
    throw refuse("has an envelope that nobody signed");
  if (signatures.length > maxEnvelopeSignatures)
    throw refuse(`has more than ${maxEnvelopeSignatures} signatures`);
  return {
    payloadType,
    payload: readBytes(payload, "payload", refuse),
    signatures: signatures.map((signature) => parseSignature(signature, refuse)),
  };
}

function parseSignature(value: unknown, refuse: Refuse): DsseSignature {
  const { sig, keyid } = readObject(value, "a signature", ["sig", "keyid"], refuse);
  if (keyid !== undefined && typeof keyid !== "string") throw refuse("has a key id that isn't text");
  return { sig: readBytes(sig, "signature", refuse), ...(keyid ? { keyid } : {}) };
}

function readBytes(value: unknown, what: string, refuse: Refuse): Uint8Array {
  const bytes = typeof value === "string" ? decodeBase64(value) : undefined;
  if (bytes === undefined) throw refuse(`has a ${what} that isn't base64`);
  return bytes;
}

/** Which of these keys signed the envelope: empty where none did, so the caller must look. A key id that names
 * another key than the one that signed makes a signature count for nothing. Says nothing about `payloadType`: compare it. */
export function findSigners(envelope: DsseEnvelope, keys: readonly PublicKey[]): readonly PublicKey[] {
  const signed = dssePae(envelope.payloadType, envelope.payload);
  return keys.filter((key) =>
    envelope.signatures.some(
      ({ sig, keyid }) => (keyid === undefined || isNamedBy(key, keyid)) && isSignedBy(key, signed, sig),
    ),
  );
}
