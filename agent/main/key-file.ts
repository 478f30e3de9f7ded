// Signing keys as files: opened with their passphrase, and new pairs written, never over an older one.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { encodeSigningKey, encodingChanceBytes } from "../trust/encode-signing-key.ts";
import { type PublicKey, parsePublicKey } from "../trust/public-key.ts";
import { isKeyEncrypted, openSigningKey, type SigningKey } from "../trust/signing-key.ts";
import { readBounded } from "./read-bounded.ts";
import { readKeyFile } from "./trust-settings.ts";

/** Asked only where a key is encrypted. */
export type GivePassphrase = () => Promise<string>;

export interface OpenedKeyFile {
  readonly key: SigningKey;
  /** Whether others than its owner may read the file. */
  readonly isExposed: boolean;
}

export interface WrittenKeyPair {
  readonly privateFile: string;
  readonly publicFile: string;
  readonly publicKey: PublicKey;
  readonly isEncrypted: boolean;
}

/** @throws RemoteMediaError `key-invalid`, `passphrase-wrong` */
export async function openKeyFile(file: string, passphrase: GivePassphrase): Promise<OpenedKeyFile> {
  const text = await readKeyFile(file);
  const key = openSigningKey(text, isKeyEncrypted(text) ? await passphrase() : undefined, file);
  const found = await stat(file).catch(() => undefined);
  return { key, isExposed: found?.isFile() === true && (found.mode & othersMayRead) !== 0 };
}

const othersMayRead = 0o044;

/** What a pair is called whose private key is `file`. */
export function publicFileOf(file: string): string {
  return `${file}.pub`;
}

/** @throws RemoteMediaError `usage` where one of the pair's files is there already */
export async function refuseOldKey(file: string): Promise<void> {
  for (const path of [file, publicFileOf(file)]) {
    if ((await stat(path).catch(() => undefined)) !== undefined) throw refuseOverwriting(path);
  }
}

/** Makes a pair on P-256. Without passphrase the private key is written as it is.
 * @throws RemoteMediaError `usage` where one of its files is there already, `output-failed` */
export async function writeKeyPair(file: string, passphrase: string | undefined): Promise<WrittenKeyPair> {
  await refuseOldKey(file);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const pair = encodeSigningKey(pkcs8, passphrase, randomBytes(encodingChanceBytes));
  const publicFile = publicFileOf(file);
  await writeNew(file, pair.privatePem, 0o600);
  try {
    await writeNew(publicFile, pair.publicPem, 0o644);
  } catch (thrown) {
    await rm(file, { force: true });
    throw thrown;
  }
  return {
    privateFile: file,
    publicFile,
    publicKey: parsePublicKey(pair.publicPem, publicFile),
    isEncrypted: passphrase !== undefined,
  };
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, "wx", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } catch (thrown) {
      await rm(file, { force: true });
      throw thrown;
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") throw refuseOverwriting(file);
    throw new RemoteMediaError(
      "output-failed",
      `${basename(file)} can't be written: ${toRemoteMediaError(thrown).message}`,
      {
        where: { file },
        cause: thrown,
      },
    );
  }
}

function refuseOverwriting(file: string): RemoteMediaError {
  return new RemoteMediaError("usage", `keygen: ${file} is there already; a key is never overwritten`, {
    hint: "give another name with -o, or move the old key away: what it signed is verified with its public half",
  });
}

const maxPassphraseBytes = 1024;

/** The first line of a file, without its end. @throws RemoteMediaError `usage` */
export async function readPassphraseFile(file: string): Promise<string> {
  const bytes = await readBounded(file, 4 * maxPassphraseBytes).catch((thrown: unknown) => {
    throw new RemoteMediaError(
      "usage",
      `--passphrase-file can't be read: ${toRemoteMediaError(thrown).message}`,
      {
        where: { file },
        cause: thrown,
      },
    );
  });
  const [line = ""] = bytes.toString("utf8").split(/\r?\n/, 1);
  if (Buffer.byteLength(line) <= maxPassphraseBytes) return line;
  throw new RemoteMediaError("usage", `the passphrase is longer than ${maxPassphraseBytes} bytes`, {
    where: { file },
  });
}
