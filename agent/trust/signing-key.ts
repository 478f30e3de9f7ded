// A private key, opened: it signs, and says which public key its signatures are verified with.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { PublicKey } from "./public-key.ts";

export interface SigningKey {
  readonly publicKey: PublicKey;
  /** The ECDSA P-256 signature over the SHA-256 of `bytes`, in DER. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Whether opening the key file needs a passphrase; false also for what is no key. */
export function isKeyEncrypted(_text: string): boolean {
  throw new RemoteMediaError("internal", "keys can't be opened yet");
}

/** Opens a key file: PKCS#8 encrypted or not, SEC1, or cosign's own. `file` is named in errors.
 * @throws RemoteMediaError `key-invalid`, `passphrase-wrong` */
export function openSigningKey(_text: string, _passphrase: string | undefined, _file?: string): SigningKey {
  throw new RemoteMediaError("internal", "keys can't be opened yet");
}
