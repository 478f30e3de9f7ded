// A package from anywhere as an `.rmpkg` file, with all its signatures.
import type { PackageSource } from "./package-source.ts";
import { readSignatures } from "./read-signatures.ts";
import { type PackageFile, writePackageFile } from "./write-package-file.ts";

/** The same bytes as the file that was built, where the same signatures are beside the package. Nothing is verified but digests.
 * @throws RemoteMediaError `digest-mismatch`, `package-invalid`, and what the source throws */
export async function exportPackage(source: PackageSource): Promise<PackageFile> {
  const { carriers } = await readSignatures(source);
  return writePackageFile(source, carriers);
}
