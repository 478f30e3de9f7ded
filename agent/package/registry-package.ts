// A package in a registry: what a tag or digest stands for, its blobs, and the signatures beside it.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { formatOciReference, type OciReference } from "../../platform/base/oci-reference.ts";
import { type Descriptor, imageIndexType } from "../../platform/contract/oci.ts";
import type { Repository } from "../../platform/contract/registry.ts";
import { choosePackage } from "./choose-package.ts";
import { digestBytes } from "./collect-blob.ts";
import type { PackageManifest } from "./package-manifest.ts";
import type { PackageSource, Referrer } from "./package-source.ts";
import { maxSignatureBytes, parseCarrier } from "./parse-carrier.ts";
import { parsePackageManifest } from "./parse-package-manifest.ts";
import { maxReferrers } from "./read-signatures.ts";
import { bundleType, simpleSigningTag } from "./signature-manifest.ts";

/** Reads the manifest, nothing more. Of `reference` the digest counts, else the tag, else `latest`. An index is taken where exactly one
 * of its manifests is a pipeline package. Closing it closes nothing: the repository is the caller's.
 * @throws RemoteMediaError `registry-*`, `digest-mismatch`, `package-invalid` */
export async function openRegistryPackage(
  repository: Repository,
  reference: OciReference,
): Promise<PackageSource> {
  const manifest = await readPackageManifest(repository, reference);
  const { digest } = manifest.descriptor;
  return {
    name: formatOciReference(reference),
    repository: `${repository.host}/${repository.name}`,
    manifest,
    async referrers() {
      const [bundles, simple] = [await readBundles(repository, digest), await readSimple(repository, digest)];
      return simple === undefined ? bundles : [...bundles.slice(0, maxReferrers - 1), simple];
    },
    read: (blob, offset) => repository.readBlob(blob, offset),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function readPackageManifest(
  repository: Repository,
  reference: OciReference,
): Promise<PackageManifest> {
  const asked = reference.digest ?? reference.tag ?? "latest";
  const found = await repository.readManifest(asked);
  if (found.descriptor.mediaType !== imageIndexType) return parse(found);
  return parse(
    await repository.readManifest(choosePackage(found.bytes, formatOciReference(reference)).digest),
  );
}

/** The digest is that of the bytes, whatever a registry calls it. */
function parse({ descriptor, bytes }: { descriptor: Descriptor; bytes: Uint8Array }): PackageManifest {
  return parsePackageManifest({ ...descriptor, digest: digestBytes(bytes), size: bytes.length }, bytes);
}

/** Those that are listed as sigstore bundles, else those that nothing is said about; what was listed and has gone is passed over. */
async function readBundles(repository: Repository, digest: Descriptor["digest"]): Promise<Referrer[]> {
  const listed = (await repository.listReferrers(digest)).filter(
    ({ artifactType, size }) =>
      (artifactType === undefined || artifactType === bundleType) && size <= maxSignatureBytes,
  );
  const referrers: Referrer[] = [];
  for (const { digest: one } of listed.slice(0, maxReferrers)) {
    const found = await readIfThere(repository, one);
    if (found !== undefined) referrers.push(found);
  }
  return referrers;
}

async function readSimple(
  repository: Repository,
  digest: Descriptor["digest"],
): Promise<Referrer | undefined> {
  const found = await readIfThere(repository, simpleSigningTag(digest));
  if (found === undefined || found.bytes.length > maxSignatureBytes) return undefined;
  const held = { ...found.descriptor, digest: digestBytes(found.bytes), size: found.bytes.length };
  const referrer = { descriptor: held, bytes: found.bytes };
  return parseCarrier(referrer).layout === "simple" ? referrer : undefined;
}

async function readIfThere(repository: Repository, tagOrDigest: string): Promise<Referrer | undefined> {
  try {
    return await repository.readManifest(tagOrDigest);
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError && thrown.code === "registry-missing") return undefined;
    throw thrown;
  }
}
