// `build`: a pipeline's folder, checked as `validate` checks it, becomes a package; signed, with the provenance of the build, where there is a key.
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { version } from "../../package.json";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { formatOciReference, type OciReference } from "../../platform/base/oci-reference.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { attachSignatures } from "../package/attach-signatures.ts";
import { buildPackage } from "../package/build-package.ts";
import { type BuiltPackage, openBuiltPackage } from "../package/built-package.ts";
import type { PackageSource } from "../package/package-source.ts";
import { pipelineName, readConfig } from "../package/read-config.ts";
import { provenanceManifest, signatureManifests } from "../package/signature-manifest.ts";
import { describeBuild, localBuilder } from "../trust/provenance.ts";
import { signPackage } from "../trust/sign-package.ts";
import { signStatement } from "../trust/sign-statement.ts";
import type { SigningKey } from "../trust/signing-key.ts";
import { findFolder, readManifest } from "./find-folder.ts";
import { findGitSource } from "./git-source.ts";
import type { PackageAccess } from "./package-access.ts";
import type { PipelineFolder } from "./pipeline-folder.ts";
import { stagePackage } from "./stage-package.ts";

export interface BuildFolderRequest {
  /** A folder with a manifest, or the manifest in it. */
  readonly path: string;
  /** Signs in both layouts, and the provenance. */
  readonly key?: SigningKey | undefined;
  readonly onProgress?: ((path: string, bytes: number, size: number) => void) | undefined;
}

/** What checks a folder before it is packed. */
export type CheckFolder = (folder: PipelineFolder) => Promise<unknown>;

export interface BuiltFolder {
  /** The pipeline's name. */
  readonly name: string;
  readonly built: BuiltPackage;
  /** The package with all that is signed about it. */
  readonly source: PackageSource;
  readonly isSigned: boolean;
}

/** @throws RemoteMediaError what `validate` throws of the folder, and what `buildPackage` throws */
export async function buildFolder(
  { path, key, onProgress }: BuildFolderRequest,
  check: CheckFolder,
  access: PackageAccess,
): Promise<BuiltFolder> {
  const startedMs = Date.now();
  const folder = await findFolder(path);
  // Checked where the files are, so that errors name them; with bases that have to be fetched, as it will be unpacked.
  const isWhole = await hasAllModules(folder);
  if (isWhole) await check(folder);
  const built = await buildPackage(
    { folder: folder.path, manifestFile: folder.manifestFile },
    { fetchBase: (reference) => fetchBase(reference, access), onProgress },
  );
  if (!isWhole) await checkStaged(built, check);
  const plain = openBuiltPackage(built, path);
  const config = built.manifest.config;
  const name = pipelineName(await readConfig(plain), config.digest);
  if (key === undefined) return { name, built, source: plain, isSigned: false };
  const subject = built.manifest.descriptor;
  const signature = signatureManifests(
    signPackage({ digest: subject.digest, reference: name }, key),
    subject,
  );
  const statement = await describeProvenance(folder, name, built, startedMs);
  const provenance = provenanceManifest(signStatement(statement, key), subject);
  const source = await attachSignatures(plain, [...signature, provenance]);
  return { name, built, source, isSigned: true };
}

/** Whether no base module is missing in the folder. @throws RemoteMediaError `manifest-*` */
async function hasAllModules(folder: PipelineFolder): Promise<boolean> {
  const { modules } = parseManifest(await readManifest(folder), folder.manifestFile);
  for (const { path, base } of Object.values(modules)) {
    if (base === undefined) continue;
    if ((await stat(join(folder.path, path)).catch(() => undefined)) === undefined) return false;
  }
  return true;
}

async function checkStaged(built: BuiltPackage, check: CheckFolder): Promise<void> {
  await using staged = await stagePackage(built);
  await check(staged.folder);
}

async function describeProvenance(
  folder: PipelineFolder,
  name: string,
  { manifest, inputs }: BuiltPackage,
  startedMs: number,
): Promise<object> {
  const own = inputs.filter(({ from }) => from === "folder").map(({ path }) => path);
  const git = await findGitSource(folder.path, own);
  const { repository, ...commit } = git ?? {};
  return describeBuild({
    subject: { name, digest: manifest.descriptor.digest },
    externalParameters: { pipeline: name },
    // Without a remote there is no place to name: the commit is all that can be told.
    ...(git === undefined || repository !== undefined ? {} : { internalParameters: commit }),
    ...(git === undefined || repository === undefined ? {} : { source: { ...git, repository } }),
    inputs: inputs.map(({ path, digest, from }) => ({
      path,
      digest,
      ...(from === "folder" ? {} : { uri: from }),
    })),
    builder: { id: localBuilder, version: { remotemedia: version } },
    invocationId: randomUUID(),
    startedMs,
    finishedMs: Date.now(),
  });
}

/** A base module's bytes: from the store where it is there, else from its registry. */
async function* fetchBase(reference: OciReference, access: PackageAccess): AsyncIterable<Uint8Array> {
  const { digest } = reference;
  if (digest === undefined) {
    throw new RemoteMediaError(
      "reference-invalid",
      `${formatOciReference(reference)} names a base without its digest`,
      {
        hint: "a base is oci://HOST/REPOSITORY@sha256:DIGEST, the digest being that of the module itself",
      },
    );
  }
  const store = await access.store();
  if ((await store.sizeOf(digest)) !== undefined) {
    yield* createReadStream(store.fileOf(digest));
    return;
  }
  const repository = await access.repository(reference);
  const size = await repository.sizeOfBlob(digest);
  if (size === undefined) {
    throw new RemoteMediaError("registry-missing", `${formatOciReference(reference)} isn't there`, {
      where: { digest },
    });
  }
  yield* repository.readBlob({ digest, size });
}
