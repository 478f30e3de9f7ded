// Writes a key pair as files: the private key as PKCS#8, encrypted by a passphrase, the public one beside it.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { encryptionChanceBytes, encryptPkcs8 } from "./pbes2.ts";
import { formatPem } from "./pem.ts";
import { openSigningKey } from "./signing-key.ts";

/** How many random bytes `encodeSigningKey` needs: the room is pure, so its caller brings them. */
export const encodingChanceBytes = encryptionChanceBytes;

export interface EncodedKey {
  readonly privatePem: string;
  readonly publicPem: string;
}

/** `pkcs8` is the DER of the private key, as `KeyObject.export({type: "pkcs8", format: "der"})` gives it; `chance` is
 * `encodingChanceBytes` fresh random bytes. Without passphrase the private key is written as it is.
 * OpenSSL reads either file; cosign imports the one without passphrase, so `openssl pkey` comes before its
 * `import-key-pair`. @throws RemoteMediaError `key-invalid`, `passphrase-wrong` where the passphrase is empty */
export function encodeSigningKey(
  pkcs8: Uint8Array,
  passphrase: string | undefined,
  chance: Uint8Array,
): EncodedKey {
  if (passphrase === "")
    throw new RemoteMediaError("passphrase-wrong", "an empty passphrase protects nothing");
  const plain = formatPem("PRIVATE KEY", pkcs8);
  const publicPem = openSigningKey(plain, undefined).publicKey.pem;
  if (passphrase === undefined) return { privatePem: plain, publicPem };
  const encrypted = encryptPkcs8(pkcs8, passphrase, chance);
  return { privatePem: formatPem("ENCRYPTED PRIVATE KEY", encrypted), publicPem };
}
