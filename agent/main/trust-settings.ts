// Whom this user trusts: the keys that a command was given, else the policy in the home folder, else nobody.
import { basename, join } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import { parseTrustPolicy } from "../trust/parse-trust-policy.ts";
import { parsePublicKey } from "../trust/public-key.ts";
import { type TrustPolicy, trustOnly } from "../trust/trust-policy.ts";
import { readBounded } from "./read-bounded.ts";

export interface TrustSettings {
  /** Files of public keys, as `--key` gives them; where there are any, the policy isn't read. */
  readonly keys: readonly string[];
  /** The folder of this user, in which the policy may lie. */
  readonly home: string;
}

const maxKeyBytes = 64 * 1024;
const maxPolicyBytes = 4 * 1024 * 1024;

/** Where a user's own policy lies. */
export function policyFile(home: string): string {
  return join(home, "trust.json");
}

/** @throws RemoteMediaError `key-invalid`, `policy-invalid` */
export async function loadTrust({ keys, home }: TrustSettings): Promise<TrustPolicy> {
  if (keys.length > 0) {
    const read = keys.map(async (file) => ({
      name: basename(file),
      key: parsePublicKey(await readKeyFile(file), file),
    }));
    return trustOnly(await Promise.all(read));
  }
  return loadPolicy(policyFile(home));
}

/** The policy of a file; one that isn't there trusts nobody. @throws RemoteMediaError `policy-invalid` */
export async function loadPolicy(file: string): Promise<TrustPolicy> {
  const text = await readText(file, maxPolicyBytes, "policy-invalid", "the trust policy");
  return text === undefined ? trustOnly([]) : parseTrustPolicy(text, file);
}

/** The text of a key's file. @throws RemoteMediaError `key-invalid` */
export async function readKeyFile(file: string): Promise<string> {
  const text = await readText(file, maxKeyBytes, "key-invalid", "the key");
  if (text !== undefined) return text;
  throw new RemoteMediaError("key-invalid", "there is no such key file", {
    where: { file },
    hint: "remotemedia keygen makes a pair: FILE signs, FILE.pub verifies",
  });
}

/** A refusal, with how to trust a key where nobody is trusted here. */
export function explainDistrust(thrown: unknown, policy: TrustPolicy): RemoteMediaError {
  const error = toRemoteMediaError(thrown);
  if (policy.signers.length > 0 || !mendable.includes(error.code)) return error;
  return new RemoteMediaError(error.code, error.message, {
    ...(error.where === undefined ? {} : { where: error.where }),
    hint: "nobody is trusted here yet: give the signer's public key with --key FILE.pub, or enter it in trust.json of $REMOTEMEDIA_HOME (keygen enters your own)",
    cause: thrown,
  });
}

const mendable: readonly ErrorCode[] = ["signer-unknown", "signature-invalid"];

async function readText(
  file: string,
  maxBytes: number,
  code: ErrorCode,
  what: string,
): Promise<string | undefined> {
  const refuse = (why: string, cause?: unknown) =>
    new RemoteMediaError(code, `${what} ${why}`, { where: { file }, cause });
  const bytes = await readBounded(file, maxBytes).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw refuse(`can't be read: ${toRemoteMediaError(thrown).message}`, thrown);
  });
  if (bytes === undefined) return undefined;
  if (bytes.length > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`);
  return bytes.toString("utf8");
}
