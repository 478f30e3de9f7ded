// The ids of devices and meshes: what a public key is called.
import { createHash } from "node:crypto";
import type { PublicKey } from "../trust/public-key.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
/** 26 characters of 5 bits: 130 bits of the hash. */
const idLength = 26;

/** The first 26 characters of the base32 of the SHA-256 of a key's SubjectPublicKeyInfo, in lower case. @see RFC 4648, section 6 */
export function deviceIdOf({ spki }: PublicKey): string {
  const hash = createHash("sha256").update(spki).digest();
  let id = "";
  let bits = 0;
  let value = 0;
  for (const byte of hash) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5 && id.length < idLength; bits -= 5) id += alphabet[(value >> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return id;
}

/** A mesh is called by its root key, so that nobody can claim its name without it. */
export function meshIdOf(rootKey: PublicKey): string {
  return deviceIdOf(rootKey);
}

export function isDeviceId(text: unknown): text is string {
  return typeof text === "string" && /^[a-z2-7]{26}$/.test(text);
}
