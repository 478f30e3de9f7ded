// Whose signature is worth what: the policy that `--key` means, and what a signer may sign.
import { matchGlob } from "./match-glob.ts";
import type { PublicKey } from "./public-key.ts";
import type { SignedSubject } from "./signed.ts";

export interface Signer {
  /** What messages call the signer. */
  readonly name: string;
  readonly key: PublicKey;
  /** Globs on the pipeline's name; default `["*"]`. */
  readonly pipelines: readonly string[];
  /** Globs on `host/repository`; default `["*"]`, which also takes packages that came from no registry. */
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

/** What a signer isn't allowed about a subject, one clause; undefined where all is allowed. Who is limited to
 * repositories signs for none of them what came as a file. */
export function findDenial(signer: Signer, { pipeline, repository }: SignedSubject): string | undefined {
  if (!signer.pipelines.some((glob) => matchGlob(pipeline, glob)))
    return `may sign the pipelines ${signer.pipelines.join(", ")} only`;
  const allowed = signer.repositories.some(
    (glob) => glob === "*" || (repository !== undefined && matchGlob(repository, glob)),
  );
  if (allowed) return undefined;
  const came = repository === undefined ? ", and this package came from no registry" : "";
  return `may sign for the repositories ${signer.repositories.join(", ")} only${came}`;
}
