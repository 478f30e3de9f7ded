// `push` and `pull`: a package from where it lies into a registry, and from a registry into the store or a file.
import { RemoteMediaError } from "../../platform/base/error.ts";
import {
  formatOciReference,
  type OciReference,
  parseOciReference,
} from "../../platform/base/oci-reference.ts";
import { installPackage } from "../package/install-package.ts";
import { pullPackage } from "../package/pull-package.ts";
import { pushPackage } from "../package/push-package.ts";
import { openStoredPackage } from "../package/stored-package.ts";
import type { TransferOptions } from "../package/transfer-parts.ts";
import type { TransferReport } from "../package/transfer-report.ts";
import { verifyPackage } from "../package/verify-package.ts";
import type { VerifiedSigner } from "../trust/signed.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { openPackage } from "./open-package.ts";
import type { PackageAccess } from "./package-access.ts";
import { refuseOthersFile, type SavedPackage, savePackage } from "./save-package.ts";
import { explainDistrust } from "./trust-settings.ts";

/** `target` as it now stands in the registry: with the tag that it got, where it got one. */
export interface PushedPackage {
  readonly target: OciReference;
  readonly report: TransferReport;
}

export interface PulledPackage {
  /** The pipeline's name. */
  readonly name: string;
  /** Undefined where the policy takes unsigned packages. */
  readonly signer: VerifiedSigner | undefined;
  readonly report: TransferReport;
  /** The unpacked view in the store. */
  readonly folder: string;
  /** Where it was written to a file as well. */
  readonly saved: SavedPackage | undefined;
}

/** A target without tag and digest gets the tag `latest`; one with a digest must be this package.
 * @throws RemoteMediaError `reference-invalid`, and what opening and pushing throw */
export async function pushReference(
  reference: string,
  to: string,
  access: PackageAccess,
  options: TransferOptions = {},
): Promise<PushedPackage> {
  const target = parseOciReference(to);
  await using source = await openPackage(reference, access);
  const { digest } = source.manifest.descriptor;
  if (target.digest !== undefined && target.digest !== digest) {
    throw new RemoteMediaError(
      "reference-invalid",
      `${to} names another package than ${reference}, which is ${digest}`,
      {
        hint: "a package is known by its digest: push to a tag",
      },
    );
  }
  const tag = target.tag ?? (target.digest === undefined ? "latest" : undefined);
  const known = (await (await access.store()).record(digest))?.references ?? [];
  const report = await pushPackage(source, await access.repository(target), tag, {
    ...options,
    knownRepositories: known.map(parseOciReference).map(({ host, repository }) => `${host}/${repository}`),
  });
  return { target: { ...target, ...(tag === undefined ? {} : { tag }) }, report };
}

/** Verified first, then fetched and unpacked: a `run` of it needs nothing more.
 * @throws RemoteMediaError of family trust, `reference-invalid`, `package-exists`, `registry-*`, `store-failed`, `output-failed` */
export async function pullReference(
  reference: string,
  file: string | undefined,
  policy: TrustPolicy,
  access: PackageAccess,
  options: TransferOptions & { readonly force?: boolean } = {},
): Promise<PulledPackage> {
  const { digest, ...named } = parseOciReference(reference);
  if (file !== undefined && options.force !== true) await refuseOthersFile(file);
  await using source = await openPackage(reference, access);
  const verified = await verifyPackage(source, policy).catch((thrown: unknown) => {
    throw explainDistrust(thrown, policy);
  });
  const store = await access.store();
  const pull = {
    ...options,
    reference: formatOciReference({ ...named, ...(digest === undefined ? {} : { digest }) }),
  };
  await using _hold = await store.hold(verified.manifest.descriptor.digest);
  const report = await pullPackage(verified, source, store, pull);
  const { folder, name, signer } = await installPackage(verified, source, store, {
    reference: pull.reference,
  });
  const saved = file === undefined ? undefined : await saveStored();
  return { name, signer, report, folder, saved };

  async function saveStored(): Promise<SavedPackage> {
    await using stored = (await openStoredPackage(store, report.digest)) ?? source;
    return await savePackage(stored, file!, options.force);
  }
}
