// Each signature found beside a package, and what the policy makes of it by itself.
import { printable } from "../../platform/base/printable.ts";
import type { SignatureMaterial, SignedSubject } from "../trust/signed.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { verifySignature } from "../trust/verify-package-signature.ts";
import { describeProblem } from "./inspect-modules.ts";
import type { InspectedSignature } from "./inspection.ts";

/** Without a policy nothing is verified, and nothing is wrong either. */
export function inspectSignatures(
  subject: SignedSubject,
  materials: readonly SignatureMaterial[],
  policy: TrustPolicy | undefined,
): readonly InspectedSignature[] {
  return materials.map((material) => {
    const { layout } = material;
    const unverified = { layout, verified: false, ...hintOf(material) };
    if (policy === undefined) return unverified;
    try {
      const { name, keyId } = verifySignature(subject, [material], policy);
      return { layout, verified: true, signer: printable(name), key_id: keyId };
    } catch (thrown) {
      return { ...unverified, problem: describeProblem(thrown) };
    }
  });
}

/** What a bundle says of the key that signed it. */
function hintOf(material: SignatureMaterial): { readonly key_hint?: string } {
  if (material.layout === "simple") return {};
  try {
    const { hint } = JSON.parse(new TextDecoder().decode(material.bytes)).verificationMaterial.publicKey;
    return typeof hint === "string" && hint !== "" ? { key_hint: printable(hint) } : {};
  } catch {
    return {};
  }
}
