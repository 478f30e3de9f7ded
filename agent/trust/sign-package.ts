// Signs a package, in both layouts that cosign knows.
import { type Digest, digestHex } from "../../platform/base/digest.ts";
import { encodeBase64 } from "./base64.ts";
import { signStatement } from "./sign-statement.ts";
import { signaturePredicateType, simpleSigningKind } from "./signed.ts";
import type { SigningKey } from "./signing-key.ts";
import { statementType } from "./statement.ts";

export interface SigningSubject {
  /** Of the package's manifest. */
  readonly digest: Digest;
  /** What simple signing calls the docker reference, such as `host/repository:tag`: a claim that nobody checks. */
  readonly reference: string;
}

export interface PackageSignature {
  /** A sigstore bundle v0.3. */
  readonly bundle: Uint8Array;
  readonly simple: {
    readonly payload: Uint8Array;
    /** Base64 of the DER. */
    readonly signature: string;
  };
}

export function signPackage(subject: SigningSubject, key: SigningKey): PackageSignature {
  const statement = {
    _type: statementType,
    subject: [{ digest: { sha256: digestHex(subject.digest) } }],
    predicateType: signaturePredicateType,
    predicate: {},
  };
  const payload = simplePayload(subject);
  return {
    bundle: signStatement(statement, key),
    simple: { payload, signature: encodeBase64(key.sign(payload)) },
  };
}

/** @see https://github.com/sigstore/cosign/blob/v3.1.3/specs/SIGNATURE_SPEC.md#payload */
function simplePayload({ digest, reference }: SigningSubject): Uint8Array {
  const payload = {
    critical: {
      identity: { "docker-reference": reference },
      image: { "docker-manifest-digest": digest },
      type: simpleSigningKind,
    },
    optional: null,
  };
  return new TextEncoder().encode(JSON.stringify(payload));
}
