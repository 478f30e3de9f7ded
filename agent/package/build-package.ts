// From a folder with a pipeline to a package: reads every file that belongs to it, once, and leaves the folder as it is.
import { basename } from "node:path";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parseJson } from "../manifest/parse-json.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import type { BuiltBlob, BuiltPackage } from "./built-package.ts";
import { readKeptSignatures } from "./kept-signatures.ts";
import { asObject } from "./layout-descriptor.ts";
import { emptyBytes, emptyDescriptor, maxConfigBytes } from "./package-manifest.ts";
import { type PackagePlan, planPackage } from "./plan-package.ts";
import { SourceFolder } from "./source-folder.ts";
import { type FetchBase, readModules } from "./source-modules.ts";
import { type BuildProgress, SourceReader } from "./source-reader.ts";

const maxNotices = 16;

export interface BuildRequest {
  readonly folder: string;
  /** The manifest's path; it lies in the folder itself. */
  readonly manifestFile: string;
}

export interface BuildEffects {
  /** Asked for a base module that isn't in the folder; without it such a module is missing. */
  readonly fetchBase?: FetchBase | undefined;
  readonly onProgress?: BuildProgress | undefined;
}

/** Packs the manifest, the modules that it names with their descriptors, and all that is in `models/`. The same content gives the same
 * package, and so does the folder that a package unpacks to. Whether the pipeline can run is for `validate` to say, before.
 * @throws RemoteMediaError `manifest-*`, `module-missing`, `digest-mismatch`, `package-missing`, `package-invalid` */
export async function buildPackage(request: BuildRequest, effects: BuildEffects = {}): Promise<BuiltPackage> {
  const folder = await SourceFolder.open(request.folder);
  const reader = new SourceReader(folder, effects.onProgress ?? (() => {}));
  const text = await readText(reader, request.manifestFile);
  const manifest = parseManifest(text, request.manifestFile);
  const modules = await readModules(manifest, reader, effects.fetchBase);
  const models = await folder.list("models");
  for (const path of models) await reader.read(path);
  const document = asObject(parseJson(text).value, "the manifest");
  const plan = planPackage({ document, modules, models, files: reader.files });
  const kept = await readKeptSignatures(folder, plan.manifest.descriptor);
  return {
    manifest: plan.manifest,
    blobs: collectBlobs(plan, reader.blobs),
    inputs: reader.inputs,
    referrers: kept.referrers,
    notices: [...kept.notices, ...(await noticeUnnamed(plan, folder)), ...noticeGrants(manifest)],
  };
}

async function readText(reader: SourceReader, file: string): Promise<string> {
  const bytes = await reader.readWhole(basename(file), maxConfigBytes);
  if (bytes === undefined) {
    throw new RemoteMediaError("manifest-missing", `there is no ${file}`, { where: { file } });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RemoteMediaError("manifest-syntax", "not UTF-8 text", { where: { file }, cause });
  }
}

/** What was read and isn't in the package, such as the manifest as it was written, is left behind. */
function collectBlobs(
  plan: PackagePlan,
  read: ReadonlyMap<Digest, BuiltBlob>,
): ReadonlyMap<Digest, BuiltBlob> {
  const own = new Map<Digest, BuiltBlob>([
    [emptyDescriptor.digest, { bytes: emptyBytes }],
    [plan.manifest.config.digest, { bytes: plan.config }],
  ]);
  return new Map(plan.manifest.blobs.map(({ digest }) => [digest, own.get(digest) ?? read.get(digest)!]));
}

/** Only said: what isn't packed may be of any kind, and a source tree of any size. */
async function noticeUnnamed(plan: PackagePlan, folder: SourceFolder): Promise<readonly string[]> {
  const found = await folder.list("modules").catch(() => []);
  const packed = new Set(plan.sources.values());
  const left = found.filter((path) => !packed.has(path));
  const said = left
    .slice(0, maxNotices)
    .map((path) => `${printable(path)} is left out: the manifest doesn't name it`);
  const more = left.length - said.length;
  return more > 0 ? [...said, `${more} more files of modules/ are left out`] : said;
}

/** A granted folder that doesn't travel will not be there. */
function noticeGrants(manifest: Manifest): readonly string[] {
  return manifest.nodes.flatMap(({ id, grants }) =>
    (grants?.filesystem?.read ?? [])
      .filter((path) => !/^(?:\.\/)*(?:models|modules)(?:\/|$)/.test(path))
      .map((path) => `node ${id} may read ${printable(path)}, which no package carries`),
  );
}
