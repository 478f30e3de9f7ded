// From a path of the user's to the folder of a pipeline, and the text of its manifest.
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { type PipelineFolder, readInFolder } from "./pipeline-folder.ts";

/** The names of a manifest in a folder, in order. */
const manifestNames = ["manifest.json", "pipeline.json"];
const maxManifestBytes = 8 * 1024 * 1024;

/** `path` is a manifest, or a folder that has one. @throws RemoteMediaError `manifest-missing` */
export async function findFolder(path: string): Promise<PipelineFolder> {
  const manifestFile = await findManifest(path);
  return { manifestFile, path: dirname(manifestFile) };
}

async function findManifest(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new RemoteMediaError("manifest-missing", `there is no pipeline at ${path}`, {
      where: { file: path },
      hint: "give a manifest file, or a folder that has a manifest.json or pipeline.json",
    });
  }
  if (!found.isDirectory()) return path;
  for (const name of manifestNames) {
    const inside = join(path, name);
    if ((await stat(inside).catch(() => undefined))?.isFile()) return inside;
  }
  throw new RemoteMediaError("manifest-missing", `the folder has no ${manifestNames.join(" and no ")}`, {
    where: { file: path },
  });
}

/** @throws RemoteMediaError `manifest-missing`, `manifest-syntax`, `digest-mismatch` */
export async function readManifest(folder: PipelineFolder): Promise<string> {
  const file = folder.manifestFile;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(folder));
  } catch (cause) {
    if (cause instanceof RemoteMediaError) throw cause;
    if (cause instanceof TypeError)
      throw new RemoteMediaError("manifest-syntax", "not UTF-8 text", { where: { file }, cause });
    throw new RemoteMediaError("manifest-missing", `can't be read: ${toRemoteMediaError(cause).message}`, {
      where: { file },
      cause,
    });
  }
}

async function readBytes(folder: PipelineFolder): Promise<Uint8Array> {
  const file = folder.manifestFile;
  if (folder.digestOf !== undefined) {
    const found = await readInFolder(folder, basename(file), maxManifestBytes);
    if (found.kind === "file") return found.bytes;
    throw new RemoteMediaError("manifest-missing", `the unpacked package's manifest is ${found.reason}`, {
      where: { file },
      hint: "remotemedia cache clear, then fetch the package again",
    });
  }
  // A manifest of the user's own may come through a pipe: `run <(…)`.
  if ((await stat(file)).size > maxManifestBytes) {
    throw new RemoteMediaError("manifest-syntax", `larger than ${maxManifestBytes} bytes`, {
      where: { file },
    });
  }
  return readFile(file);
}
