// `sign`: a signature in both layouts beside a package that is there already: in its file, or in its registry.
import { stat } from "node:fs/promises";
import type { Digest } from "../../platform/base/digest.ts";
import { isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { isOciReference, parseOciReference } from "../../platform/base/oci-reference.ts";
import { attachSignatures } from "../package/attach-signatures.ts";
import { inspectSignatures } from "../package/inspect-signatures.ts";
import { openPackageFile } from "../package/package-file.ts";
import type { PackageSource } from "../package/package-source.ts";
import { pushSignatures } from "../package/push-signatures.ts";
import { pipelineName, readConfig } from "../package/read-config.ts";
import { readSignatures } from "../package/read-signatures.ts";
import { openRegistryPackage } from "../package/registry-package.ts";
import { signatureManifests } from "../package/signature-manifest.ts";
import type { TransferredPart } from "../package/transfer-report.ts";
import { signPackage } from "../trust/sign-package.ts";
import type { SigningKey } from "../trust/signing-key.ts";
import { trustOnly } from "../trust/trust-policy.ts";
import { hashPackage } from "./hash-package.ts";
import type { PackageAccess } from "./package-access.ts";
import { savePackage } from "./save-package.ts";

export interface SignedReference {
  readonly digest: Digest;
  /** The pipeline's name. */
  readonly name: string;
  /** What a registry was given; undefined of a file. */
  readonly parts?: readonly TransferredPart[];
}

/** A file is held to its digests and written anew as a whole; of a package in a registry only the signature moves.
 * @throws RemoteMediaError `usage` of what can't be signed in place, `package-*`, `registry-*`, `digest-mismatch`, `output-failed` */
export async function signReference(
  reference: string,
  key: SigningKey,
  access: PackageAccess,
): Promise<SignedReference> {
  return isOciReference(reference) ? signInRegistry(reference, key, access) : signFile(reference, key);
}

async function signInRegistry(
  text: string,
  key: SigningKey,
  access: PackageAccess,
): Promise<SignedReference> {
  const reference = parseOciReference(text);
  const repository = await access.repository(reference);
  await using source = await openRegistryPackage(repository, reference);
  const { digest } = source.manifest.descriptor;
  const { name, manifests } = await sign(source, `${repository.host}/${repository.name}`, key);
  return { digest, name, parts: await pushSignatures(digest, manifests, repository) };
}

async function signFile(file: string, key: SigningKey): Promise<SignedReference> {
  if (isDigest(file) || (await stat(file).catch(() => undefined))?.isDirectory()) {
    throw new RemoteMediaError("usage", `sign: ${file} can't be signed in place`, {
      hint: "sign the .rmpkg or the oci:// reference; a pipeline's folder is signed by build --sign",
    });
  }
  await using source = await openPackageFile(file);
  await hashPackage(source);
  const { name, manifests } = await sign(source, undefined, key);
  if (manifests.length === 0) return { digest: source.manifest.descriptor.digest, name };
  await using signed = await attachSignatures(source, manifests);
  await savePackage(signed, file, true);
  return { digest: source.manifest.descriptor.digest, name };
}

/** Signatures in the layouts in which this key has none there yet: each new one would differ, and say nothing new. `repository`: what simple signing calls the package; its name where it is in none. */
async function sign(source: PackageSource, repository: string | undefined, key: SigningKey) {
  const { descriptor, config } = source.manifest;
  const name = pipelineName(await readConfig(source), config.digest);
  const signature = signPackage({ digest: descriptor.digest, reference: repository ?? name }, key);
  const subject = { digest: descriptor.digest, pipeline: name };
  const own = trustOnly([{ name: "own", key: key.publicKey }]);
  const { signatures } = await readSignatures(source);
  const there = inspectSignatures(subject, signatures, own).filter(({ verified }) => verified);
  const isThere = new Set(there.map(({ layout }) => layout));
  const manifests = signatureManifests(signature, descriptor).filter(
    ({ tag }) => !isThere.has(tag === undefined ? "bundle" : "simple"),
  );
  return { name, manifests };
}
