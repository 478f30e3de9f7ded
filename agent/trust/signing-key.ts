// A private key, opened: it signs, and says which public key its signatures are verified with.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { cosignKeyLabels, decryptCosignKey } from "./cosign-key.ts";
import { decryptPkcs8 } from "./pbes2.ts";
import { type PemBlock, parsePem } from "./pem.ts";
import { type PublicKey, publicKeyOf } from "./public-key.ts";
import type { Refuse } from "./refuse.ts";

export interface SigningKey {
  readonly publicKey: PublicKey;
  /** The ECDSA P-256 signature over the SHA-256 of `bytes`, in DER. */
  sign(bytes: Uint8Array): Uint8Array;
}

const encryptedLabel = "ENCRYPTED PRIVATE KEY";

/** Whether opening the key file needs a passphrase; false also for what is no key. */
export function isKeyEncrypted(text: string): boolean {
  const label = /^-----BEGIN ([A-Z0-9 ]{1,63})-----/m.exec(text)?.[1] ?? "";
  return label === encryptedLabel || cosignKeyLabels.includes(label);
}

/** Opens a key file: PKCS#8 encrypted or not, SEC1, or cosign's own. The passphrase is left alone where the file needs
 * none. `file` is named in errors. @throws RemoteMediaError `key-invalid`, `passphrase-wrong` */
export function openSigningKey(text: string, passphrase: string | undefined, file?: string): SigningKey {
  const where = file === undefined ? {} : { file };
  const refuse: Refuse = (why) =>
    new RemoteMediaError("key-invalid", `the private key ${why}`, {
      where,
      hint: "keys of ECDSA P-256 are taken, as `remotemedia keygen`, `cosign generate-key-pair` and OpenSSL (PKCS#8 or SEC1) write them",
    });
  const block = findKey(parsePem(text, refuse), refuse);
  if (block.label === "EC PRIVATE KEY") return openDer(block.bytes, "sec1", refuse);
  if (block.label === "PRIVATE KEY") return openDer(block.bytes, "pkcs8", refuse);
  const closed = (why: string) => new RemoteMediaError("passphrase-wrong", why, { where });
  if (passphrase === undefined) throw closed("the private key is encrypted and no passphrase was given");
  const decrypt = block.label === encryptedLabel ? decryptPkcs8 : decryptCosignKey;
  const pkcs8 = decrypt(block.bytes, passphrase, refuse);
  const wrong = () => closed("the passphrase doesn't open the private key, or the file was changed");
  if (pkcs8 === undefined) throw wrong();
  // Of a wrong passphrase one in 256 leaves what looks like padding: only a sequence inside makes it worth to say more.
  return openDer(pkcs8, "pkcs8", pkcs8[0] === 0x30 ? refuse : wrong);
}

/** The one block that is a key. `openssl ecparam -genkey` puts the curve's parameters before it. */
function findKey(blocks: readonly PemBlock[], refuse: Refuse): PemBlock {
  const [block, ...more] = blocks.filter((one) => !isCurve(one));
  if (block === undefined || more.length > 0) throw refuse("isn't alone in its file");
  if (["EC PRIVATE KEY", "PRIVATE KEY", encryptedLabel, ...cosignKeyLabels].includes(block.label))
    return block;
  throw refuse(block.label === "PUBLIC KEY" ? "is a public key" : `is a "${block.label}"`);
}

function isCurve({ label, bytes }: PemBlock): boolean {
  return label === "EC PARAMETERS" && Buffer.from(bytes).toString("hex") === "06082a8648ce3d030107";
}

function openDer(der: Uint8Array, type: "pkcs8" | "sec1", refuse: Refuse): SigningKey {
  let key: KeyObject;
  try {
    // Compares the public key inside with the private one, so that a changed byte isn't taken for another key.
    key = createPrivateKey({ key: Buffer.from(der), format: "der", type });
  } catch {
    throw refuse("isn't laid out as a key of an elliptic curve is");
  }
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw refuse("isn't one of ECDSA P-256");
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: publicKeyOf(new Uint8Array(spki), refuse),
    sign: (bytes) => new Uint8Array(sign("sha256", bytes, key)),
  };
}
