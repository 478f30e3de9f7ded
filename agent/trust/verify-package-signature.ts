// Whether a package is signed by somebody who may: the signer, or an error that says what is wrong.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Judged, judgeMaterial } from "./judge-material.ts";
import { shortKeyId } from "./public-key.ts";
import type { SignatureMaterial, SignedSubject, VerifiedSigner } from "./signed.ts";
import { findDenial, type Signer, type TrustPolicy } from "./trust-policy.ts";

/** No package needs more signatures and attestations; more are refused rather than tried. */
export const maxMaterials = 64;

/** A signer whom the policy lets deploy this pipeline from there. One good signature suffices, whatever else is among
 * the materials; attestations count for nothing here. Where none is good, the error is the most telling one: a known
 * signer who may not, then a known signer's signature that doesn't hold, then strangers', then none.
 * @throws RemoteMediaError `signer-denied`, `signature-invalid`, `signer-unknown`, `signature-missing` */
export function verifySignature(
  subject: SignedSubject,
  materials: readonly SignatureMaterial[],
  policy: TrustPolicy,
): VerifiedSigner {
  const where = { digest: subject.digest };
  if (materials.length > maxMaterials) {
    const message = `the package carries ${materials.length} signatures and attestations; at most ${maxMaterials} are taken`;
    throw new RemoteMediaError("signature-invalid", message, { where });
  }
  const keys = policy.signers.map(({ key }) => key);
  const judged = materials.map((material) => judgeMaterial(material, subject.digest, keys));
  const denials: string[] = [];
  for (const [index, { key }] of judged.entries()) {
    // One key may be in the policy under several names, with other limits each.
    for (const signer of policy.signers.filter(
      (known) => key !== undefined && known.key.keyId === key.keyId,
    )) {
      const denial = findDenial(signer, subject);
      const { layout } = materials[index]!;
      if (denial === undefined) return { name: signer.name, keyId: signer.key.keyId, layout };
      denials.push(`${nameSigner(signer)} ${denial}`);
    }
  }
  throw refuse(subject, policy, judged, denials);
}

function nameSigner({ name, key }: Signer): string {
  return `${printable(name)} (key ${shortKeyId(key)})`;
}

function refuse(
  subject: SignedSubject,
  policy: TrustPolicy,
  judged: readonly Judged[],
  denials: readonly string[],
): RemoteMediaError {
  const where = { digest: subject.digest };
  const pipeline = printable(subject.pipeline);
  const known = policy.signers.length === 0 ? "nobody" : listSome(policy.signers.map(nameSigner));
  if (denials.length > 0) {
    const from = subject.repository === undefined ? "" : ` from ${printable(subject.repository)}`;
    return new RemoteMediaError(
      "signer-denied",
      `the pipeline ${pipeline}${from} is signed by somebody who may not: ${listSome(denials)}`,
      {
        where,
        hint: "have it signed by a signer who may, or widen `pipelines` or `repositories` of this one in the trust policy",
      },
    );
  }
  const of = (outcome: Judged["outcome"]) =>
    judged.flatMap((one) => (one.outcome === outcome ? [one.why ?? ""] : []));
  const [invalid, unknown, attestations] = [of("invalid"), of("unknown"), of("attestation")];
  if (invalid.length > 0) {
    return new RemoteMediaError(
      "signature-invalid",
      `the signature of the package doesn't hold: ${listSome(invalid)}`,
      {
        where,
        hint: "it was changed on its way or made for another package: fetch it again, or have it signed anew",
      },
    );
  }
  if (unknown.length > 0) {
    return new RemoteMediaError(
      "signer-unknown",
      `nobody who is trusted signed the package: ${listSome(unknown)}; trusted is ${known}`,
      {
        where,
        hint: "name the signer's public key with --key, or enter it in the trust policy",
      },
    );
  }
  const only =
    attestations.length === 0 ? "" : `; what it carries is no signature: ${listSome(attestations)}`;
  return new RemoteMediaError("signature-missing", `the package isn't signed${only}`, {
    where,
    hint: "sign it with `remotemedia sign` or `cosign sign --key`, or ask whoever built it to",
  });
}

/** Messages stay short, however much an attacker sends. */
function listSome(texts: readonly string[]): string {
  const different = [...new Set(texts)];
  const more = different.length - 4;
  return more > 0 ? `${different.slice(0, 4).join("; ")}; and ${more} more` : different.join("; ");
}
