// Whose signature is worth what: the policy file, and the policy that `--key` means.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { PublicKey } from "./public-key.ts";

export interface Signer {
  /** What messages call the signer. */
  readonly name: string;
  readonly key: PublicKey;
  /** Globs on the pipeline's name; default `["*"]`. */
  readonly pipelines: readonly string[];
  /** Globs on `host/repository`; default `["*"]`. */
  readonly repositories: readonly string[];
}

export interface TrustPolicy {
  readonly signers: readonly Signer[];
  /** Whether a package without any signature may run: for development. */
  readonly allowUnsigned: boolean;
  /** Whether a package without provenance is refused. */
  readonly requireProvenance: boolean;
  /** Ids of builders whose provenance is taken; empty: any. */
  readonly builders: readonly string[];
}

/** The policy of `--key`: these keys may sign anything, nothing else may. */
export function trustOnly(keys: readonly { readonly name: string; readonly key: PublicKey }[]): TrustPolicy {
  return {
    signers: keys.map(({ name, key }) => ({ name, key, pipelines: ["*"], repositories: ["*"] })),
    allowUnsigned: false,
    requireProvenance: false,
    builders: [],
  };
}

/** Parses a policy file's JSON. `file` is named in errors. @throws RemoteMediaError `policy-invalid` */
export function parseTrustPolicy(_text: string, _file: string): TrustPolicy {
  throw new RemoteMediaError("internal", "policies can't be read yet");
}

/** The text that `parseTrustPolicy` takes. */
export function formatTrustPolicy(_policy: TrustPolicy): string {
  throw new RemoteMediaError("internal", "policies can't be written yet");
}
