// Which signature and which provenance of a package go into its unpacked folder: those that count.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { verifyProvenance } from "../trust/provenance.ts";
import type { SignatureMaterial } from "../trust/signed.ts";
import { verifySignature } from "../trust/verify-package-signature.ts";
import type { VerifiedPackage } from "./verify-package.ts";

/** Sigstore bundles. */
export interface Evidence {
  readonly signature: Uint8Array | undefined;
  readonly provenance: Uint8Array | undefined;
}

/** The first bundle that the policy takes; undefined where there is none, as for a package that was signed in the simple layout only. */
export function chooseEvidence({ manifest, name, found, policy }: VerifiedPackage): Evidence {
  const subject = { digest: manifest.descriptor.digest, pipeline: name };
  // The repository has been judged; what is asked here is only which of the signatures it was.
  const anywhere = {
    ...policy,
    signers: policy.signers.map((signer) => ({ ...signer, repositories: ["*"] })),
  };
  return {
    signature: firstProven(found.signatures, (one) => verifySignature(subject, [one], anywhere)),
    provenance: firstProven(found.attestations, (one) => verifyProvenance(subject, [one], anywhere)),
  };
}

function firstProven(
  materials: readonly SignatureMaterial[],
  prove: (material: SignatureMaterial) => unknown,
): Uint8Array | undefined {
  for (const material of materials) {
    if (material.layout === "bundle" && isProven(() => prove(material))) return material.bytes;
  }
  return undefined;
}

function isProven(prove: () => unknown): boolean {
  try {
    prove();
    return true;
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return false;
    throw thrown;
  }
}
