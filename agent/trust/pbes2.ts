// Encryption of PKCS#8 by a passphrase: PBES2 with PBKDF2 or scrypt, as OpenSSL writes it. We write it ourselves, since
// the key export of `node:crypto` stops at 2048 iterations and can't be told otherwise.
import { createCipheriv, createDecipheriv, pbkdf2Sync, scryptSync } from "node:crypto";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { DerReader, derElement, derInteger, derOid, derSequence, derTag } from "./der.ts";
import type { Refuse } from "./refuse.ts";

/** Object identifiers, as hexadecimal of their content. @see https://www.rfc-editor.org/rfc/rfc8018#appendix-A */
const oid = {
  pbes2: "2a864886f70d01050d",
  pbkdf2: "2a864886f70d01050c",
  scrypt: "2b06010401da47040b",
  hmacSha256: "2a864886f70d0209",
  aes256Cbc: "60864801650304012a",
} as const;

const hashes: Readonly<Record<string, string>> = {
  "2a864886f70d0207": "sha1",
  [oid.hmacSha256]: "sha256",
  "2a864886f70d020a": "sha384",
  "2a864886f70d020b": "sha512",
};

const ciphers: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  "608648016503040102": { name: "aes-128-cbc", keyBytes: 16 },
  "608648016503040116": { name: "aes-192-cbc", keyBytes: 24 },
  [oid.aes256Cbc]: { name: "aes-256-cbc", keyBytes: 32 },
};

/** What OWASP asks of PBKDF2 with SHA-256. @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const iterations = 600_000;
/** More would be a file that wants to hang us: about two seconds on a fast machine. */
const maxIterations = 10_000_000;
const saltBytes = 16;
const ivBytes = 16;

/** How many random bytes `encryptPkcs8` takes. */
export const encryptionChanceBytes = saltBytes + ivBytes;

/** An EncryptedPrivateKeyInfo in DER: PBKDF2 with SHA-256 and 600,000 iterations, AES-256 in CBC mode. */
export function encryptPkcs8(pkcs8: Uint8Array, passphrase: string, chance: Uint8Array): Uint8Array {
  if (chance.length !== encryptionChanceBytes)
    throw new RemoteMediaError("internal", `encrypting a key takes ${encryptionChanceBytes} random bytes`);
  const salt = chance.subarray(0, saltBytes);
  const iv = chance.subarray(saltBytes);
  const cipher = createCipheriv("aes-256-cbc", pbkdf2Sync(passphrase, salt, iterations, 32, "sha256"), iv);
  const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  const octets = (bytes: Uint8Array) => derElement(derTag.octets, bytes);
  const prf = derSequence(derOid(oid.hmacSha256), derElement(derTag.nothing));
  const kdf = derSequence(derOid(oid.pbkdf2), derSequence(octets(salt), derInteger(iterations), prf));
  const scheme = derSequence(derOid(oid.aes256Cbc), octets(iv));
  return derSequence(derSequence(derOid(oid.pbes2), derSequence(kdf, scheme)), octets(encrypted));
}

/** The PKCS#8 inside; undefined where the passphrase doesn't open it, as far as padding tells: CBC doesn't know more, so
 * the caller must find a key in it. Costs are bounded whatever the file says. */
export function decryptPkcs8(
  encrypted: Uint8Array,
  passphrase: string,
  refuse: Refuse,
): Uint8Array | undefined {
  const outer = new DerReader(encrypted, refuse);
  const info = outer.sequence();
  outer.end();
  const algorithm = info.sequence();
  const data = info.read(derTag.octets);
  info.end();
  if (algorithm.oid() !== oid.pbes2) throw refuse("is encrypted in another way than PBES2");
  const parameters = algorithm.sequence();
  algorithm.end();
  const derive = readDerivation(parameters.sequence(), passphrase, refuse);
  const scheme = parameters.sequence();
  parameters.end();
  const cipher = ciphers[scheme.oid()];
  if (cipher === undefined) throw refuse("is encrypted with another cipher than AES-CBC");
  const iv = scheme.read(derTag.octets);
  scheme.end();
  if (iv.length !== ivBytes || data.length === 0 || data.length % 16 !== 0) throw refuse("is cut or damaged");
  const decipher = createDecipheriv(cipher.name, derive(cipher.keyBytes), iv);
  try {
    return new Uint8Array(Buffer.concat([decipher.update(data), decipher.final()]));
  } catch {
    return undefined;
  }
}

type Derive = (keyBytes: number) => Uint8Array;

function readDerivation(kdf: DerReader, passphrase: string, refuse: Refuse): Derive {
  const id = kdf.oid();
  const parameters = kdf.sequence();
  kdf.end();
  if (id === oid.pbkdf2) return readPbkdf2(parameters, passphrase, refuse);
  if (id === oid.scrypt) return readScrypt(parameters, passphrase, refuse);
  throw refuse("makes its key in another way than PBKDF2 or scrypt");
}

/** @see https://www.rfc-editor.org/rfc/rfc8018#appendix-A.2 */
function readPbkdf2(parameters: DerReader, passphrase: string, refuse: Refuse): Derive {
  const salt = parameters.read(derTag.octets);
  const count = parameters.integer();
  if (count === 0 || count > maxIterations) throw refuse(`asks for ${count} iterations of PBKDF2`);
  const length = parameters.nextTag === derTag.integer ? parameters.integer() : undefined;
  let hash: string | undefined = "sha1";
  if (parameters.nextTag === derTag.sequence) {
    const prf = parameters.sequence();
    hash = hashes[prf.oid()];
    if (prf.nextTag !== undefined) prf.read(derTag.nothing);
    prf.end();
  }
  parameters.end();
  if (hash === undefined) throw refuse("makes its key with an unknown hash");
  return (keyBytes) => {
    if (length !== undefined && length !== keyBytes) throw refuse("has a key length that its cipher hasn't");
    return pbkdf2Sync(passphrase, salt, count, keyBytes, hash);
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc7914#section-7.1 */
function readScrypt(parameters: DerReader, passphrase: string, refuse: Refuse): Derive {
  const salt = parameters.read(derTag.octets);
  const cost = { N: parameters.integer(), r: parameters.integer(), p: parameters.integer() };
  const length = parameters.nextTag === derTag.integer ? parameters.integer() : undefined;
  parameters.end();
  return (keyBytes) => {
    if (length !== undefined && length !== keyBytes) throw refuse("has a key length that its cipher hasn't");
    return deriveScrypt(passphrase, salt, cost, keyBytes, refuse);
  };
}

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** A key by scrypt, where it takes at most 128 MiB and a few seconds. */
export function deriveScrypt(
  passphrase: string,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
  keyBytes: number,
  refuse: Refuse,
): Uint8Array {
  const fits =
    N >= 2 && Number.isInteger(Math.log2(N)) && r >= 1 && p >= 1 && N * r <= 2 ** 20 && r * p <= 128;
  if (!fits) throw refuse(`asks for scrypt with N=${N}, r=${r}, p=${p}`);
  return scryptSync(passphrase, salt, keyBytes, { N, r, p, maxmem: 2 ** 28 });
}
