// This user's own trust policy: a new key's public half is entered in it, the rest stays as it is written.
import { mkdir } from "node:fs/promises";
import { writeWholeFile } from "../../platform/store/whole-file.ts";
import { formatTrustPolicy } from "../trust/parse-trust-policy.ts";
import type { PublicKey } from "../trust/public-key.ts";
import { type TrustPolicy, trustOnly } from "../trust/trust-policy.ts";
import { loadPolicy, policyFile } from "./trust-settings.ts";

export interface EnteredSigner {
  /** The policy's file. */
  readonly file: string;
  readonly name: string;
}

/** Enters a signer for all pipelines. A key that is in the policy stays under its name.
 * @throws RemoteMediaError `policy-invalid` of a policy that can't be read, `store-failed` */
export async function enterSigner(home: string, name: string, key: PublicKey): Promise<EnteredSigner> {
  const file = policyFile(home);
  const policy = await loadPolicy(file);
  const known = policy.signers.find((signer) => signer.key.keyId === key.keyId);
  if (known !== undefined) return { file, name: known.name };
  const entered = freeName(name, new Set(policy.signers.map((signer) => signer.name)));
  const [signer] = trustOnly([{ name: entered, key }]).signers;
  await mkdir(home, { recursive: true, mode: 0o700 });
  await write(file, { ...policy, signers: [...policy.signers, signer!] });
  return { file, name: entered };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
  }
}

async function write(file: string, policy: TrustPolicy): Promise<void> {
  const bytes = new TextEncoder().encode(formatTrustPolicy(policy));
  await writeWholeFile(
    file,
    (async function* () {
      yield bytes;
    })(),
  );
}
