// Writes a key pair as files: the private key as PKCS#8, encrypted by a passphrase, the public one beside it.
import { RemoteMediaError } from "../../platform/base/error.ts";

/** How many random bytes `encodeSigningKey` needs: the room is pure, so its caller brings them. */
export const encodingChanceBytes = 32;

export interface EncodedKey {
  readonly privatePem: string;
  readonly publicPem: string;
}

/** `pkcs8` is the DER of the private key, as `KeyObject.export({type: "pkcs8", format: "der"})` gives it; `chance` is
 * `encodingChanceBytes` fresh random bytes. Without passphrase the private key is written as it is. */
export function encodeSigningKey(
  _pkcs8: Uint8Array,
  _passphrase: string | undefined,
  _chance: Uint8Array,
): EncodedKey {
  throw new RemoteMediaError("internal", "keys can't be written yet");
}
