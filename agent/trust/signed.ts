// What a signature is to us, in the two layouts that cosign knows; and what verifying one proves.
import type { Digest } from "../../platform/base/digest.ts";

/** A signature or attestation as it came; every byte is attacker-controlled. */
export type SignatureMaterial =
  /** A sigstore bundle v0.3 with an in-toto statement in DSSE: a signature, or provenance. */
  | { readonly layout: "bundle"; readonly bytes: Uint8Array }
  /** cosign's simple signing: the payload and, in base64, the signature over it. */
  | { readonly layout: "simple"; readonly payload: Uint8Array; readonly signature: string };

/** What is to be trusted: the digest of a package's manifest, and what the policy judges it by. */
export interface SignedSubject {
  readonly digest: Digest;
  /** The pipeline's name. */
  readonly pipeline: string;
  /** `host/repository` where it came from a registry. */
  readonly repository?: string;
}

/** Who signed, proven. */
export interface VerifiedSigner {
  /** The policy's name of the signer. */
  readonly name: string;
  /** SHA-256 of the public key's SubjectPublicKeyInfo, in hexadecimal. */
  readonly keyId: string;
  readonly layout: SignatureMaterial["layout"];
}

/** The predicate of a statement that is a signature; any other is an attestation. cosign calls it so. */
export const signaturePredicateType = "https://sigstore.dev/cosign/sign/v1";

/** `critical.type` of a simple signing payload that cosign made. */
export const simpleSigningKind = "cosign container image signature";
