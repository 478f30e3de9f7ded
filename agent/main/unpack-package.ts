// From a package to the folder that runs: opened, verified by the user's policy, unpacked into the store, held there while it runs.
import { join } from "node:path";
import { isOciReference } from "../../platform/base/oci-reference.ts";
import type { Config } from "../config/config.ts";
import { type InstalledPackage, installPackage } from "../package/install-package.ts";
import type { PackageSource } from "../package/package-source.ts";
import type { TransferProgress } from "../package/transfer-report.ts";
import { verifyPackage } from "../package/verify-package.ts";
import { openPackage } from "./open-package.ts";
import { PackageAccess, type RegistrySettings } from "./package-access.ts";
import type { PipelineFolder } from "./pipeline-folder.ts";
import { explainDistrust, loadTrust } from "./trust-settings.ts";

/** How a package is fetched and whom is believed about it. */
export interface PackageUse extends RegistrySettings {
  /** Files of public keys; without any, the user's policy says who is trusted. */
  readonly keys: readonly string[];
  /** Whether a package without a signature may run. For development; a wrong signature is refused all the same. */
  readonly allowUnsigned: boolean;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** A package's folder, which no other process removes before it is disposed. */
export interface UnpackedPackage extends AsyncDisposable {
  readonly folder: PipelineFolder;
  readonly installed: InstalledPackage;
}

/** @throws RemoteMediaError of family trust where it may not run, and whatever fetching and storing it throw */
export function unpackPackage(reference: string, use: PackageUse, config: Config): Promise<UnpackedPackage> {
  const origin = isOciReference(reference) ? reference : undefined;
  return unpackSource(use, config, (access) => openPackage(reference, access), origin);
}

/** The same of a package that `open` opens. `origin`: the reference that it is remembered by.
 * @throws RemoteMediaError as `unpackPackage` */
export async function unpackSource(
  use: PackageUse,
  config: Config,
  open: (access: PackageAccess) => Promise<PackageSource>,
  origin?: string,
): Promise<UnpackedPackage> {
  const trusted = await loadTrust({ keys: use.keys, home: config.homeFolder });
  const policy = use.allowUnsigned ? { ...trusted, allowUnsigned: true } : trusted;
  await using access = new PackageAccess(config, use);
  await using source = await open(access);
  const verified = await verifyPackage(source, policy).catch((thrown: unknown) => {
    throw explainDistrust(thrown, policy);
  });
  const store = await access.store();
  const hold = await store.hold(source.manifest.descriptor.digest);
  try {
    const installed = await installPackage(verified, source, store, {
      ...(use.onProgress === undefined ? {} : { onProgress: use.onProgress }),
      reference: origin,
    });
    return {
      folder: {
        path: installed.folder,
        manifestFile: join(installed.folder, "manifest.json"),
        digestOf: (path) => installed.digestOf(path),
      },
      installed,
      [Symbol.asyncDispose]: () => hold[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await hold[Symbol.asyncDispose]();
    throw thrown;
  }
}
