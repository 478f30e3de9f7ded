// Where a package comes from: SLSA provenance v1 of our build, and the check of anybody's.
import { type Digest, digestHex } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { type ProvenanceClaims, provenancePredicateType, readProvenance } from "./provenance-predicate.ts";
import { shortKeyId } from "./public-key.ts";
import { type ReadStatement, readStatement } from "./sign-statement.ts";
import type { SignatureMaterial, SignedSubject } from "./signed.ts";
import { statementType } from "./statement.ts";
import { findDenial, type Signer, type TrustPolicy } from "./trust-policy.ts";
import { maxMaterials } from "./verify-package-signature.ts";

/** What kind of build ours is: its parameters are those of `BuildFacts`. */
export const pipelineBuildType = "https://remotemedia.dev/build/pipeline/v1";
/** Our build where an operator ran it: on a machine of which nothing more is known. */
export const localBuilder = "https://remotemedia.dev/builder/local/v1";

/** A file that went into a package, or what it was taken from. */
export interface BuildInput {
  /** Relative path in the folder. */
  readonly path: string;
  readonly digest: Digest;
  readonly mediaType?: string;
  /** Where a base module comes from: `oci://host/repository@sha256:…`. */
  readonly uri?: string;
}

/** All that is told about a build; nothing of it is guessed here. */
export interface BuildFacts {
  readonly subject: { readonly name: string; readonly digest: Digest };
  /** What whoever ran the build chose: the pipeline's name, options. No paths of his machine. */
  readonly externalParameters: Readonly<Record<string, unknown>>;
  /** What the builder chose by itself. */
  readonly internalParameters?: Readonly<Record<string, unknown>>;
  readonly inputs: readonly BuildInput[];
  /** The commit of the folder, where it is a git checkout. */
  readonly source?: {
    /** `https://…` or `ssh://…` of the repository, without credentials. */
    readonly repository: string;
    /** Hexadecimal. */
    readonly commit: string;
    /** Whether files differ from the commit. */
    readonly changed: boolean;
  };
  readonly builder: { readonly id: string; readonly version: Readonly<Record<string, string>> };
  /** Names this run of the build. */
  readonly invocationId: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly byproducts?: readonly BuildInput[];
}

/** A provenance that somebody whom the policy knows has signed, and what it claims. */
export interface Provenance extends ProvenanceClaims {
  readonly signer: { readonly name: string; readonly keyId: string };
}

/** The in-toto statement of a build, to be signed with `signStatement`.
 * @see https://slsa.dev/spec/v1.0/provenance */
export function describeBuild(facts: BuildFacts): object {
  const { subject, source, builder } = facts;
  return {
    _type: statementType,
    subject: [{ name: subject.name, digest: { sha256: digestHex(subject.digest) } }],
    predicateType: provenancePredicateType,
    predicate: {
      buildDefinition: {
        buildType: pipelineBuildType,
        externalParameters: facts.externalParameters,
        internalParameters: facts.internalParameters ?? {},
        resolvedDependencies: [
          ...(source === undefined ? [] : [describeSource(source)]),
          ...facts.inputs.map(describeInput),
        ],
      },
      runDetails: {
        builder: { id: builder.id, version: builder.version },
        metadata: {
          invocationId: facts.invocationId,
          startedOn: formatTime(facts.startedMs),
          finishedOn: formatTime(facts.finishedMs),
        },
        byproducts: (facts.byproducts ?? []).map(describeInput),
      },
    },
  };
}

function describeSource({ repository, commit, changed }: NonNullable<BuildFacts["source"]>): object {
  return {
    uri: `git+${repository}`,
    digest: { gitCommit: commit },
    ...(changed ? { annotations: { changed: true } } : {}),
  };
}

function describeInput({ path, digest, mediaType, uri }: BuildInput): object {
  return {
    name: path,
    ...(uri === undefined ? {} : { uri }),
    digest: { sha256: digestHex(digest) },
    ...(mediaType === undefined ? {} : { mediaType }),
  };
}

/** Whole seconds: what SLSA's times are written in. */
function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** The first provenance of this package that a signer of the policy made and whose builder the policy takes. Other
 * attestations, and signatures, are no provenance and are passed over.
 * @throws RemoteMediaError `provenance-missing`, `provenance-invalid`, `signer-unknown`, `signer-denied` */
export function verifyProvenance(
  subject: SignedSubject,
  materials: readonly SignatureMaterial[],
  policy: TrustPolicy,
): Provenance {
  if (materials.length > maxMaterials)
    throw invalid(subject, `the package has more than ${maxMaterials} attestations`);
  const failures: RemoteMediaError[] = [];
  for (const material of materials) {
    try {
      const proven = proveOne(subject, material, policy);
      if (proven !== undefined) return proven;
    } catch (thrown) {
      if (!(thrown instanceof RemoteMediaError)) throw thrown;
      failures.push(thrown);
    }
  }
  if (failures[0] !== undefined) throw failures[0];
  throw new RemoteMediaError("provenance-missing", "the package has no provenance", {
    where: { digest: subject.digest },
    hint: "`remotemedia build --sign KEY` makes a provenance with the package",
  });
}

/** Undefined where the material is no provenance at all. */
function proveOne(
  subject: SignedSubject,
  material: SignatureMaterial,
  policy: TrustPolicy,
): Provenance | undefined {
  if (material.layout !== "bundle") return undefined;
  const keys = policy.signers.map(({ key }) => key);
  const read = readStatement(material.bytes, keys, "provenance-invalid");
  const statement = read.key === undefined ? read.claimed : read.statement;
  if (statement.predicateType !== provenancePredicateType) return undefined;
  const signer = findSigner(subject, read, policy);
  const sha256 = digestHex(subject.digest);
  if (!statement.subjects.some(({ digest }) => digest["sha256"] === sha256))
    throw invalid(subject, "the provenance is one of another package");
  const claims = readProvenance(statement.predicate, (why) => invalid(subject, `the provenance ${why}`));
  if (policy.builders.length > 0 && !policy.builders.includes(claims.builder))
    throw invalid(subject, `the policy takes no provenance of the builder ${printable(claims.builder)}`);
  return { signer: { name: signer.name, keyId: signer.key.keyId }, ...claims };
}

/** Who made it, where he may. A key may stand in the policy under several names, each with its own limits. */
function findSigner(subject: SignedSubject, read: ReadStatement, policy: TrustPolicy): Signer {
  const where = { digest: subject.digest };
  if (read.key === undefined) {
    if (read.named !== undefined)
      throw invalid(
        subject,
        `the provenance isn't signed with the key ${shortKeyId(read.named)} that it names`,
      );
    throw new RemoteMediaError("signer-unknown", "the provenance is signed with a key that isn't trusted", {
      where,
    });
  }
  const { keyId } = read.key;
  const signers = policy.signers.filter((signer) => signer.key.keyId === keyId);
  const allowed = signers.find((signer) => findDenial(signer, subject) === undefined);
  if (allowed !== undefined) return allowed;
  const [signer] = signers;
  const denial = signer === undefined ? "isn't in the policy" : findDenial(signer, subject);
  throw new RemoteMediaError(
    "signer-denied",
    `the provenance is signed by "${printable(signer?.name ?? "")}", who ${denial}`,
    { where },
  );
}

function invalid(subject: SignedSubject, why: string): RemoteMediaError {
  return new RemoteMediaError("provenance-invalid", why, { where: { digest: subject.digest } });
}
