// Who this device is: the key that it signs by, and the certificate that its links show.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { PublicKey } from "../trust/public-key.ts";
import { openSigningKey, type SigningKey } from "../trust/signing-key.ts";
import { parseStrictJson, readObject } from "../trust/strict-json.ts";
import { deviceIdOf } from "./device-id.ts";

/** What a link shows. `fingerprint` is the SHA-256 of the certificate, as SDP writes it. */
export interface DtlsIdentity {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly fingerprint: string;
}

export interface Identity {
  readonly device: string;
  readonly publicKey: PublicKey;
  readonly signingKey: SigningKey;
  readonly dtls: DtlsIdentity;
}

/** What an identity is kept as. Both keys are secrets. */
interface KeptIdentity {
  /** PKCS#8 in PEM, P-256. */
  readonly keyPem: string;
  readonly dtls: DtlsIdentity;
}

const version = 1;
const maxFileBytes = 64 * 1024;
const fingerprintForm = /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/;

export function isFingerprint(text: unknown): text is string {
  return typeof text === "string" && fingerprintForm.test(text);
}

/** The text of the file that `parseIdentity` reads: its owner's alone to read. */
export function encodeIdentity({ keyPem, dtls }: KeptIdentity): string {
  const file = {
    version,
    key: keyPem,
    dtls: { certificate: dtls.certificatePem, key: dtls.keyPem, fingerprint: dtls.fingerprint },
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** @throws RemoteMediaError `identity-invalid` */
export function parseIdentity(bytes: Uint8Array, file?: string): Identity {
  const refuse = (why: string, cause?: unknown) =>
    new RemoteMediaError("identity-invalid", `this device's identity ${why}`, {
      ...(file === undefined ? {} : { where: { file } }),
      hint: "restore the file from a copy, or remove it: the device is then another one, and must be admitted anew",
      cause,
    });
  const read = readObject(
    parseStrictJson(bytes, { maxBytes: maxFileBytes }, refuse),
    "the file",
    ["version", "key", "dtls"],
    refuse,
  );
  if (read["version"] !== version) throw refuse(`is of another version than ${version}`);
  const dtls = readObject(read["dtls"], "dtls", ["certificate", "key", "fingerprint"], refuse);
  const { certificate, key, fingerprint } = dtls;
  if (typeof certificate !== "string" || typeof key !== "string" || !isFingerprint(fingerprint))
    throw refuse("has no certificate");
  if (typeof read["key"] !== "string") throw refuse("has no key");
  let signingKey: SigningKey;
  try {
    signingKey = openSigningKey(read["key"], undefined);
  } catch (cause) {
    throw refuse("has a key that is none", cause);
  }
  return {
    device: deviceIdOf(signingKey.publicKey),
    publicKey: signingKey.publicKey,
    signingKey,
    dtls: { certificatePem: certificate, keyPem: key, fingerprint },
  };
}
