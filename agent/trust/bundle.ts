// The sigstore bundle v0.3: an envelope and a hint which key made it.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import { encodeBase64 } from "./base64.ts";
import { type DsseEnvelope, formatEnvelope, parseEnvelope } from "./dsse.ts";
import type { PublicKey } from "./public-key.ts";
import type { Refuse } from "./refuse.ts";
import { parseStrictJson, readObject } from "./strict-json.ts";

export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const maxBundleBytes = 1024 * 1024;

export interface Bundle {
  readonly envelope: DsseEnvelope;
  /** What the bundle says of the key that signed; unsigned, as cosign writes it base64 of the key's SHA-256. */
  readonly hint: string | undefined;
}

/** @see https://github.com/sigstore/protobuf-specs/blob/v0.5.1/protos/sigstore_bundle.proto */
export function formatBundle(envelope: DsseEnvelope, key: PublicKey): Uint8Array {
  const bundle = {
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint: encodeBase64(Buffer.from(key.keyId, "hex")) } },
    dsseEnvelope: formatEnvelope(envelope),
  };
  return new TextEncoder().encode(JSON.stringify(bundle));
}

export interface BundleRefusals {
  /** The bytes are no bundle that we take. */
  readonly refuse: Refuse;
  /** Somebody signed with a certificate instead of a key. */
  readonly refuseCertificate: (why: string) => RemoteMediaError;
}

/** Parses a bundle; nothing in it is verified yet. Entries of a transparency log and timestamps may be there and aren't looked at: a key
 * is what we trust, at any time. */
export function parseBundle(bytes: Uint8Array, { refuse, refuseCertificate }: BundleRefusals): Bundle {
  const fields = ["mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"];
  const bundle = readObject(
    parseStrictJson(bytes, { maxBytes: maxBundleBytes }, refuse),
    "the bundle",
    fields,
    refuse,
  );
  if (bundle["mediaType"] !== bundleType) throw refuse(`isn't of the type ${bundleType}`);
  const material = readObject(
    bundle["verificationMaterial"],
    "its verification material",
    ["publicKey", "certificate", "x509CertificateChain", "tlogEntries", "timestampVerificationData"],
    refuse,
  );
  if (material["certificate"] !== undefined || material["x509CertificateChain"] !== undefined)
    throw refuseCertificate("is signed with a certificate");
  if (bundle["messageSignature"] !== undefined) throw refuse("signs plain bytes, not a statement");
  const { hint } = readObject(material["publicKey"], "its public key", ["hint"], refuse);
  if (hint !== undefined && (typeof hint !== "string" || hint.length > 256))
    throw refuse("has a hint that isn't text");
  const envelope = parseEnvelope(bundle["dsseEnvelope"], refuse);
  if (envelope.signatures.length !== 1) throw refuse("has more than one signature");
  return { envelope, hint: hint === "" ? undefined : hint };
}
