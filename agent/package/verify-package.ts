// What must be proven before anything of a package is unpacked: its digest, a signature over it that the policy takes, its provenance.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type Provenance, verifyProvenance } from "../trust/provenance.ts";
import type { SignedSubject, VerifiedSigner } from "../trust/signed.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { verifySignature } from "../trust/verify-package-signature.ts";
import { holdToDigest } from "./collect-blob.ts";
import type { PackageManifest } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";
import { pipelineName, readConfig } from "./read-config.ts";
import { type FoundSignatures, readSignatures } from "./read-signatures.ts";

/** A package that may be unpacked. */
export interface VerifiedPackage {
  readonly manifest: PackageManifest;
  /** The pipeline's name, as its manifest has it. */
  readonly name: string;
  /** The pipeline's manifest: the config blob, held to its digest. */
  readonly config: Uint8Array;
  /** Undefined where the policy allows unsigned packages and this is one. */
  readonly signer: VerifiedSigner | undefined;
  /** Undefined where there is none that the policy believes, and it asks for none. */
  readonly provenance: Provenance | undefined;
  readonly found: FoundSignatures;
  /** By which it was verified. */
  readonly policy: TrustPolicy;
}

/** Proves a package, or throws. Its config and layers are neither read nor parsed before a signature of a signer of the policy over
 * the manifest's digest is proven; then the config is read, held to its digest, since the pipeline's name says whether that signer
 * may sign it. An unsigned package passes where the policy allows that; a wrong or unknown signature never does.
 * @throws RemoteMediaError `digest-mismatch`, `signature-missing`, `signature-invalid`, `signer-unknown`, `signer-denied`,
 * `provenance-missing`, `provenance-invalid`, `package-invalid`, and what the source throws */
export async function verifyPackage(source: PackageSource, policy: TrustPolicy): Promise<VerifiedPackage> {
  const { manifest } = source;
  const { digest } = manifest.descriptor;
  holdToDigest(manifest.bytes, digest, "package's manifest");
  const found = await readSignatures(source);
  const origin = source.repository === undefined ? {} : { repository: source.repository };
  const anyName = { ...policy, signers: policy.signers.map((signer) => ({ ...signer, pipelines: ["*"] })) };
  const anySigner = proveSigner({ digest, pipeline: "pipeline", ...origin }, found, anyName);
  const config = await readConfig(source);
  const subject: SignedSubject = {
    digest,
    pipeline: pipelineName(config, manifest.config.digest),
    ...origin,
  };
  const signer = anySigner && proveSigner(subject, found, policy);
  const provenance = proveProvenance(subject, found, policy);
  return { manifest, name: subject.pipeline, config, signer, provenance, found, policy };
}

function proveSigner(
  subject: SignedSubject,
  { signatures }: FoundSignatures,
  policy: TrustPolicy,
): VerifiedSigner | undefined {
  if (signatures.length === 0 && policy.allowUnsigned) return undefined;
  return verifySignature(subject, signatures, policy);
}

function proveProvenance(
  subject: SignedSubject,
  { attestations }: FoundSignatures,
  policy: TrustPolicy,
): Provenance | undefined {
  try {
    return verifyProvenance(subject, attestations, policy);
  } catch (thrown) {
    if (policy.requireProvenance || !(thrown instanceof RemoteMediaError)) throw thrown;
    return undefined;
  }
}
