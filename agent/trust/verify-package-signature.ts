// Whether a package is signed by somebody who may: the signer, or an error that says what is wrong.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { SignatureMaterial, SignedSubject, VerifiedSigner } from "./signed.ts";
import type { TrustPolicy } from "./trust-policy.ts";

/** No package needs more signatures and attestations; more are refused rather than tried. */
export const maxMaterials = 64;

/** The first signer that the policy lets deploy this pipeline from there. One good signature suffices.
 * @throws RemoteMediaError `signature-missing`, `signature-invalid`, `signer-unknown`, `signer-denied` */
export function verifySignature(
  _subject: SignedSubject,
  _materials: readonly SignatureMaterial[],
  _policy: TrustPolicy,
): VerifiedSigner {
  throw new RemoteMediaError("internal", "signatures can't be verified yet");
}
