// From what a user calls a package to where its parts lie: a file, a folder, a registry, the store.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { isOciReference, type OciReference, parseOciReference } from "../../platform/base/oci-reference.ts";
import type { PackageSource } from "../package/package-source.ts";
import type { PackageAccess } from "./package-access.ts";

/** Whether a text means a package rather than a manifest or a folder of the user's: `oci://…`, `sha256:…`, a `.rmpkg`, an OCI image layout. */
export async function isPackage(reference: string): Promise<boolean> {
  if (isOciReference(reference) || isDigest(reference)) return true;
  const found = await stat(reference).catch(() => undefined);
  if (found?.isDirectory())
    return (await stat(join(reference, "oci-layout")).catch(() => undefined))?.isFile() === true;
  return reference.endsWith(".rmpkg");
}

/** Opens a package: `oci://…` by digest from the store where it is there, which touches no network; by tag from its registry; `sha256:…` from
 * the store; anything else is a `.rmpkg` or the folder of an OCI image layout. What it gives is hashed but not trusted.
 * @throws RemoteMediaError `reference-invalid`, `package-missing`, `package-invalid`, `digest-mismatch`, `registry-*`, `store-failed` */
export async function openPackage(reference: string, access: PackageAccess): Promise<PackageSource> {
  if (isDigest(reference)) return openOfStore(reference, access);
  if (isOciReference(reference)) return openOfRegistry(parseOciReference(reference), access);
  const { openPackageFile } = await import("../package/package-file.ts");
  return openPackageFile(reference);
}

async function openOfStore(digest: Digest, access: PackageAccess): Promise<PackageSource> {
  const { openStoredPackage } = await import("../package/stored-package.ts");
  const stored = await openStoredPackage(await access.store(), digest);
  if (stored !== undefined) return stored;
  throw new RemoteMediaError("package-missing", `${digest} is not in the store`, {
    hint: "remotemedia cache list shows what is there; remotemedia pull fetches a package",
  });
}

async function openOfRegistry(reference: OciReference, access: PackageAccess): Promise<PackageSource> {
  const { host, repository, digest } = reference;
  if (digest !== undefined) {
    const { openStoredPackage } = await import("../package/stored-package.ts");
    // A stored package is judged by the repository that it is asked for by: the policy may bind a signer to it.
    const stored = await openStoredPackage(await access.store(), digest, `${host}/${repository}`);
    if (stored !== undefined) return stored;
  }
  const { openRegistryPackage } = await import("../package/registry-package.ts");
  return openRegistryPackage(await access.repository(reference), reference);
}
