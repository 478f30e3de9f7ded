// The signature and provenance of an unpacked package: they go along again while the package built from it is the one that they speak of.
import { type Digest, digestHex } from "../../platform/base/digest.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";
import {
  type AttachedReferrer,
  bundleManifest,
  provenancePredicate,
  signaturePredicate,
} from "./signature-manifest.ts";
import type { SourceFolder } from "./source-folder.ts";

const maxBundleBytes = 1024 * 1024;

export interface KeptSignatures {
  readonly referrers: readonly AttachedReferrer[];
  /** Why one was left out. */
  readonly notices: readonly string[];
}

/** Looks into `meta/`. Nothing is verified: whoever installs the package does that.
 * @throws RemoteMediaError `package-invalid`, as `SourceFolder.read` does */
export async function readKeptSignatures(folder: SourceFolder, subject: Descriptor): Promise<KeptSignatures> {
  const kept = [
    await readKept(folder, subject, "meta/signature.sigstore.json", signaturePredicate),
    await readKept(folder, subject, "meta/provenance.sigstore.json", provenancePredicate),
  ];
  return {
    referrers: kept.flatMap(({ referrer }) => referrer ?? []),
    notices: kept.flatMap(({ notice }) => notice ?? []),
  };
}

async function readKept(folder: SourceFolder, subject: Descriptor, path: string, predicate: string) {
  const pieces: Uint8Array[] = [];
  const found = await folder.read(path, maxBundleBytes, (piece) => pieces.push(piece.slice()));
  if (found === undefined) return {};
  const bundle = Buffer.concat(pieces);
  if (!isAbout(bundle, subject.digest)) {
    return {
      notice: `${path} is left out: it is about another package than the one that this folder makes now`,
    };
  }
  return { referrer: bundleManifest(new Uint8Array(bundle), subject, predicate) };
}

/** Whether an in-toto statement in a sigstore bundle names this digest as its subject; false for what can't be read. */
function isAbout(bundle: Uint8Array, digest: Digest): boolean {
  try {
    const envelope = JSON.parse(new TextDecoder().decode(bundle)).dsseEnvelope;
    const { subject } = JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8"));
    return subject.some((one: { digest: { sha256: string } }) => one.digest.sha256 === digestHex(digest));
  } catch {
    return false;
  }
}
