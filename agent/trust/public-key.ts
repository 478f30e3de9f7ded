// A signer's public key: ECDSA on P-256, known by the SHA-256 of its SubjectPublicKeyInfo.
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { encodeBase64 } from "./base64.ts";
import { formatPem, parsePem } from "./pem.ts";

export interface PublicKey {
  /** SHA-256 of `spki`, in hexadecimal. */
  readonly keyId: string;
  /** SubjectPublicKeyInfo in DER: 91 bytes. */
  readonly spki: Uint8Array;
  /** The same as PEM, as OpenSSL writes it. */
  readonly pem: string;
}

/** What stands before the 64 bytes of the point: ecPublicKey, prime256v1, uncompressed. @see https://www.rfc-editor.org/rfc/rfc5480#section-2 */
const spkiHead = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");
const spkiBytes = 91;

/** Parses a PEM public key. `file` is named in errors. @throws RemoteMediaError `key-invalid` */
export function parsePublicKey(text: string, file?: string): PublicKey {
  const refuse = (why: string, cause?: unknown) =>
    new RemoteMediaError("key-invalid", `the public key ${why}`, {
      where: file === undefined ? {} : { file },
      hint: 'a public key of ECDSA P-256 begins with "-----BEGIN PUBLIC KEY-----"; `remotemedia keygen` and `cosign generate-key-pair` write such pairs',
      cause,
    });
  const [block, ...more] = parsePem(text, refuse);
  if (block === undefined || more.length > 0) throw refuse("has more than one PEM block");
  if (/PRIVATE KEY$/.test(block.label)) throw refuse("is a private key; give the public one");
  if (block.label !== "PUBLIC KEY") throw refuse(`is a "${block.label}"`);
  return publicKeyOf(block.bytes, refuse);
}

/** The key of a SubjectPublicKeyInfo. */
export function publicKeyOf(
  spki: Uint8Array,
  refuse: (why: string, cause?: unknown) => RemoteMediaError,
): PublicKey {
  if (spki.length !== spkiBytes || !spkiHead.equals(spki.subarray(0, spkiHead.length)))
    throw refuse("isn't one of ECDSA P-256 with an uncompressed point");
  try {
    // Refuses a point that isn't on the curve.
    keyObject(spki);
  } catch (cause) {
    throw refuse("isn't a point on P-256", cause);
  }
  return {
    keyId: createHash("sha256").update(spki).digest("hex"),
    spki,
    pem: formatPem("PUBLIC KEY", spki),
  };
}

function keyObject(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
}

/** Whether this key made this signature (ECDSA, SHA-256, DER) of these bytes. The room's one boolean: callers in this
 * room try several keys with it and throw where none fits. A signature in any but the canonical DER is refused; both
 * values of `s` that mathematics allows are taken, since Go, hence cosign, writes either. */
export function isSignedBy(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  // Two integers of at most 33 bytes and their heads: anything longer is no signature of this curve.
  if (signature.length < 8 || signature.length > 72) return false;
  return verify("sha256", bytes, keyObject(key.spki), signature);
}

/** Whether a hint or key id that came with a signature names this key, in the spellings in use: base64 as cosign writes
 * it, the same behind `SHA256:`, and hexadecimal. */
export function isNamedBy(key: PublicKey, hint: string): boolean {
  const base64 = encodeBase64(Buffer.from(key.keyId, "hex"));
  return [base64, `SHA256:${base64}`, `SHA256:${base64.replace("=", "")}`, key.keyId].includes(hint);
}

/** How a message names a key: enough of its id to tell it from others. */
export function shortKeyId(key: { readonly keyId: string }): string {
  return key.keyId.slice(0, 16);
}
