// Puts a package into a file: whole or not at all, and never over something that is no package.
import { stat } from "node:fs/promises";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { writeWholeFile } from "../../platform/store/whole-file.ts";
import { exportPackage } from "../package/export-package.ts";
import { openPackageFile } from "../package/package-file.ts";
import type { PackageSource } from "../package/package-source.ts";

export interface SavedPackage {
  readonly file: string;
  /** Of the file, in bytes. */
  readonly size: number;
}

/** Writes the package with all its signatures. `force`: over whatever is there.
 * @throws RemoteMediaError `package-exists`, `output-failed`, `digest-mismatch`, and what the source throws */
export async function savePackage(source: PackageSource, file: string, force = false): Promise<SavedPackage> {
  if (!force) await refuseOthersFile(file);
  const { size, chunks } = await exportPackage(source);
  await writeWholeFile(file, chunks());
  return { file, size };
}

/** What is named as packages are, or is one, may be written anew. @throws RemoteMediaError `package-exists` */
export async function refuseOthersFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return;
  if (found.isFile() && (file.endsWith(".rmpkg") || (await holdsPackage(file)))) return;
  throw new RemoteMediaError("package-exists", `${file} is there and is no package`, {
    where: { file },
    hint: found.isFile() ? "give another name with -o, or --force" : "give another name with -o",
  });
}

async function holdsPackage(file: string): Promise<boolean> {
  try {
    await using _source = await openPackageFile(file);
    return true;
  } catch {
    return false;
  }
}
