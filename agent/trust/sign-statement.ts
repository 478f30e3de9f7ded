// An in-toto statement in a sigstore bundle, signed by a key: how signatures and provenance are written and opened.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import { printable } from "../../platform/base/printable.ts";
import { formatBundle, parseBundle } from "./bundle.ts";
import { findSigners, signEnvelope } from "./dsse.ts";
import { isNamedBy, type PublicKey, shortKeyId } from "./public-key.ts";
import type { SigningKey } from "./signing-key.ts";
import { parseStatement, type Statement, statementPayloadType } from "./statement.ts";

/** The bundle, as bytes, of a statement with `_type`, `subject`, `predicateType` and `predicate`. */
export function signStatement(statement: object, key: SigningKey): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(statement));
  return formatBundle(signEnvelope(statementPayloadType, payload, [key]), key.publicKey);
}

/** What a bundle turned out to be. Only one with a `key` proves anything. */
export type ReadStatement =
  | { readonly statement: Statement; readonly key: PublicKey }
  /** Nobody's of these keys; `claimed` is what it would say, good for a message. */
  | {
      readonly key: undefined;
      readonly claimed: Statement;
      /** What the bundle says of its key. */
      readonly hint: string | undefined;
      /** The key that the hint names, which didn't sign this. */
      readonly named: PublicKey | undefined;
    };

/** Reads a bundle and finds who of these keys signed it. A hint or a key id that names another key than the one that
 * signed makes the signature count for nothing.
 * @throws RemoteMediaError `code` where it is no bundle of a statement; `signer-unknown` where a certificate signed it */
export function readStatement(
  bundle: Uint8Array,
  keys: readonly PublicKey[],
  code: ErrorCode,
): ReadStatement {
  const refuse = (why: string) => new RemoteMediaError(code, `a bundle ${why}`);
  const { envelope, hint } = parseBundle(bundle, {
    refuse,
    refuseCertificate: (why) =>
      new RemoteMediaError("signer-unknown", `a bundle ${why}; only signatures made with a key are trusted`, {
        hint: "have it signed with a key: `remotemedia sign`, or `cosign sign --key`",
      }),
  });
  if (envelope.payloadType !== statementPayloadType)
    throw refuse(`doesn't hold an in-toto statement (${statementPayloadType})`);
  const key = findSigners(envelope, keys).find((signer) => hint === undefined || isNamedBy(signer, hint));
  const statement = parseStatement(envelope.payload, refuse);
  if (key !== undefined) return { statement, key };
  const named = keys.find((known) => hint !== undefined && isNamedBy(known, hint));
  return { key: undefined, claimed: statement, hint, named };
}

/** Opens a bundle that one of these keys must have signed. What the statement says of which subject is the caller's to check.
 * @throws RemoteMediaError `code` where it is no bundle of a statement or a known key's signature doesn't hold; `signer-unknown` */
export function openStatement(
  bundle: Uint8Array,
  keys: readonly PublicKey[],
  code: ErrorCode = "signature-invalid",
): { readonly statement: Statement; readonly key: PublicKey } {
  const read = readStatement(bundle, keys, code);
  if (read.key !== undefined) return read;
  const what = printable(read.claimed.predicateType);
  if (read.named !== undefined) {
    throw new RemoteMediaError(
      code,
      `the signature of a statement (${what}) isn't one of the key ${shortKeyId(read.named)} that it names`,
    );
  }
  const named = read.hint === undefined ? "" : ` ${printable(read.hint)}`;
  throw new RemoteMediaError(
    "signer-unknown",
    `a statement (${what}) is signed with a key${named} that isn't trusted`,
  );
}
