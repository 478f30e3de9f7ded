// cosign's own key files: JSON in PEM, a key by scrypt, NaCl's secretbox around a PKCS#8.
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { decodeBase64 } from "./base64.ts";
import { deriveScrypt } from "./pbes2.ts";
import type { Refuse } from "./refuse.ts";
import { parseStrictJson, readObject } from "./strict-json.ts";

/** The labels of such files: today's, and cosign's until 2.0. */
export const cosignKeyLabels: readonly string[] = [
  "ENCRYPTED SIGSTORE PRIVATE KEY",
  "ENCRYPTED COSIGN PRIVATE KEY",
];

/** The PKCS#8 inside; undefined where the passphrase doesn't open it or a byte was changed.
 * @see https://github.com/secure-systems-lab/go-securesystemslib/blob/v0.11.0/encrypted/encrypted.go */
export function decryptCosignKey(
  bytes: Uint8Array,
  passphrase: string,
  refuse: Refuse,
): Uint8Array | undefined {
  const file = parseStrictJson(bytes, { maxBytes: 16 * 1024, maxDepth: 4 }, refuse);
  const { kdf, cipher, ciphertext } = readObject(file, "the key", ["kdf", "cipher", "ciphertext"], refuse);
  const derivation = readObject(kdf, "kdf", ["name", "params", "salt"], refuse);
  const { N, r, p } = readObject(derivation["params"], "kdf.params", ["N", "r", "p"], refuse);
  const box = readObject(cipher, "cipher", ["name", "nonce"], refuse);
  if (derivation["name"] !== "scrypt" || box["name"] !== "nacl/secretbox")
    throw refuse("isn't encrypted with scrypt and nacl/secretbox");
  const nonce = readBytes(box["nonce"], "a nonce", refuse);
  const salt = readBytes(derivation["salt"], "a salt", refuse);
  const sealed = readBytes(ciphertext, "a ciphertext", refuse);
  if (nonce.length !== 24 || sealed.length < 16) throw refuse("is cut");
  const cost = { N: readCost(N, refuse), r: readCost(r, refuse), p: readCost(p, refuse) };
  const key = deriveScrypt(passphrase, salt, cost, 32, refuse);
  try {
    return xsalsa20poly1305(key, nonce).decrypt(sealed);
  } catch {
    return undefined;
  }
}

function readCost(value: unknown, refuse: Refuse): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw refuse("has a cost of scrypt that isn't a number");
}

function readBytes(value: unknown, what: string, refuse: Refuse): Uint8Array {
  const bytes = typeof value === "string" ? decodeBase64(value) : undefined;
  if (bytes === undefined) throw refuse(`has ${what} that isn't base64`);
  return bytes;
}
