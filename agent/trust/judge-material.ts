// What one signature or attestation is worth for one digest, before any policy is asked.
import type { Digest } from "../../platform/base/digest.ts";
import { digestHex } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { decodeBase64 } from "./base64.ts";
import { isSignedBy, type PublicKey, shortKeyId } from "./public-key.ts";
import { readStatement } from "./sign-statement.ts";
import { type SignatureMaterial, signaturePredicateType } from "./signed.ts";
import { parseSimplePayload } from "./simple-payload.ts";
import { type Statement, statementType } from "./statement.ts";

export type Judged =
  /** This key signed this digest. */
  | { readonly outcome: "signed"; readonly key: PublicKey; readonly why?: undefined }
  | {
      /** `invalid`: a known key's for something else, or no signature at all; `unknown`: a stranger's;
       * `attestation`: says something about a package instead of signing it. */
      readonly outcome: "invalid" | "unknown" | "attestation";
      readonly key?: undefined;
      /** One clause for a message. */
      readonly why: string;
    };

/** Never throws for what the bytes are. */
export function judgeMaterial(
  material: SignatureMaterial,
  digest: Digest,
  keys: readonly PublicKey[],
): Judged {
  try {
    return material.layout === "bundle"
      ? judgeBundle(material.bytes, digest, keys)
      : judgeSimple(material.payload, material.signature, digest, keys);
  } catch (error) {
    if (!(error instanceof RemoteMediaError)) throw error;
    return { outcome: error.code === "signer-unknown" ? "unknown" : "invalid", why: error.message };
  }
}

function judgeBundle(bytes: Uint8Array, digest: Digest, keys: readonly PublicKey[]): Judged {
  const read = readStatement(bytes, keys, "signature-invalid");
  const { predicateType } = read.key === undefined ? read.claimed : read.statement;
  if (predicateType !== signaturePredicateType)
    return { outcome: "attestation", why: `an attestation (${printable(predicateType)})` };
  if (read.key !== undefined) return judgeSubject(read.statement, digest, read.key);
  if (read.named !== undefined)
    return {
      outcome: "invalid",
      why: `a signature isn't one of the key ${shortKeyId(read.named)} that it names`,
    };
  const named = read.hint === undefined ? "" : ` (${printable(read.hint)})`;
  return { outcome: "unknown", why: `a signature is of a key that isn't trusted${named}` };
}

/** Exactly one subject with exactly one digest, as cosign writes it: a signature is over one package. */
function judgeSubject(statement: Statement, digest: Digest, key: PublicKey): Judged {
  const by = `the key ${shortKeyId(key)}`;
  const [subject, ...more] = statement.subjects;
  if (statement.type !== statementType || subject === undefined || more.length > 0)
    return {
      outcome: "invalid",
      why: `${by} signed a statement that isn't about one package`,
    };
  const digests = Object.entries(subject.digest);
  const [[algorithm, hex] = []] = digests;
  if (digests.length === 1 && algorithm === "sha256" && hex === digestHex(digest))
    return { outcome: "signed", key };
  const other = printable(digests.map((entry) => entry.join(":")).join(", ") || "nothing");
  return { outcome: "invalid", why: `${by} signed ${other}, not this package` };
}

function judgeSimple(
  payload: Uint8Array,
  signature: string,
  digest: Digest,
  keys: readonly PublicKey[],
): Judged {
  const refuse = (why: string) => new RemoteMediaError("signature-invalid", `a simple signature ${why}`);
  const der = decodeBase64(signature);
  if (der === undefined) throw refuse("isn't base64");
  const signed = parseSimplePayload(payload, refuse);
  const key = keys.find((known) => isSignedBy(known, payload, der));
  // Nothing in this layout names a key: a stranger's signature of this very digest can't be told from a changed one.
  if (key === undefined && signed === digest)
    return { outcome: "unknown", why: "a simple signature is of no key that is trusted" };
  if (key === undefined)
    return {
      outcome: "invalid",
      why: `a simple signature is over ${signed}, not this package, and of no key that is trusted`,
    };
  if (signed !== digest)
    return { outcome: "invalid", why: `the key ${shortKeyId(key)} signed ${signed}, not this package` };
  return { outcome: "signed", key };
}
