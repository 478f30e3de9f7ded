// What `inspect` shows and `verify` proves: a package held to its digests, its signatures judged by whom this user trusts.
import { isOciReference } from "../../platform/base/oci-reference.ts";
import type { InspectOptions } from "../package/inspect-package.ts";
import { inspectProvenance } from "../package/inspect-provenance.ts";
import { inspectSignatures } from "../package/inspect-signatures.ts";
import type { InspectedProvenance, InspectedSignature, Inspection } from "../package/inspection.ts";
import type { PackageSource } from "../package/package-source.ts";
import type { TransferOptions } from "../package/transfer-parts.ts";
import { type VerifiedPackage, verifyPackage } from "../package/verify-package.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { hashPackage } from "./hash-package.ts";
import { openPackage } from "./open-package.ts";
import type { PackageAccess } from "./package-access.ts";
import { explainDistrust } from "./trust-settings.ts";

/** A package that is what its signer signed, to the last byte. */
export interface JudgedPackage extends VerifiedPackage {
  /** For messages: the file or the reference. */
  readonly source: string;
  /** Every signature and provenance beside the package, each with what it is worth here. */
  readonly signatures: readonly InspectedSignature[];
  readonly statements: readonly InspectedProvenance[];
}

/** Reads the whole package. @throws RemoteMediaError of family trust, `package-*`, `registry-*` */
export async function judgePackage(
  reference: string,
  policy: TrustPolicy,
  access: PackageAccess,
  options: TransferOptions = {},
): Promise<JudgedPackage> {
  await using source = await openPackage(reference, access);
  const verified = await verifyPackage(source, { ...policy, allowUnsigned: false }).catch(
    (thrown: unknown) => {
      throw explainDistrust(thrown, policy);
    },
  );
  await hashPackage(source, options);
  const subject = {
    digest: verified.manifest.descriptor.digest,
    pipeline: verified.name,
    ...(source.repository === undefined ? {} : { repository: source.repository }),
  };
  return {
    ...verified,
    source: source.name,
    signatures: inspectSignatures(subject, verified.found.signatures, policy),
    statements: inspectProvenance(subject, verified.found.attestations, policy),
  };
}

export interface DescribeOptions extends TransferOptions {
  /** Looks into a component: in a confined child. */
  readonly describeModule: InspectOptions["describeModule"];
}

/** Looks at a package that nobody needs to trust. Of one in a registry only what is shown is fetched, and held to its digests; of one
 * that lies here every part is.
 * @throws RemoteMediaError `digest-mismatch`, `package-*`, `manifest-*`, `registry-*` */
export async function describePackage(
  reference: string,
  policy: TrustPolicy,
  access: PackageAccess,
  { describeModule, ...options }: DescribeOptions,
): Promise<Inspection> {
  await using source = await openPackage(reference, access);
  if (!isRemote(reference, source)) await hashPackage(source, options);
  const [{ inspectPackage }, { builtinDescriptors }, { nativeDescriptors }] = await Promise.all([
    import("../package/inspect-package.ts"),
    import("./builtin-nodes.ts"),
    import("../native/native-nodes.ts"),
  ]);
  const known = new Map([...builtinDescriptors(), ...nativeDescriptors()].map((node) => [node.name, node]));
  return await inspectPackage(source, {
    policy,
    lookup: (type) => known.get(type),
    describeModule,
  });
}

function isRemote(reference: string, source: PackageSource): boolean {
  return isOciReference(reference) && source.stretch === undefined;
}
