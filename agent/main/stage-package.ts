// A package that was just built, as the folder that it will be unpacked to: for checks, and gone after them.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Digest } from "../../platform/base/digest.ts";
import type { BuiltPackage } from "../package/built-package.ts";
import type { PipelineFolder } from "./pipeline-folder.ts";

export interface StagedPackage extends AsyncDisposable {
  readonly folder: PipelineFolder;
}

/** Files of the folder that it was built from are linked, not copied. Whatever the disk says reaches the caller as it is. */
export async function stagePackage({ manifest, blobs }: BuiltPackage): Promise<StagedPackage> {
  const path = await mkdtemp(join(tmpdir(), "remotemedia-build-"));
  const remove = () => rm(path, { recursive: true, force: true });
  const put = async (name: string, digest: Digest): Promise<void> => {
    const blob = blobs.get(digest)!;
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    if ("bytes" in blob) await writeFile(file, blob.bytes);
    else await symlink(resolve(blob.file), file);
  };
  try {
    await put("manifest.json", manifest.config.digest);
    for (const layer of manifest.layers) await put(layer.path, layer.descriptor.digest);
  } catch (thrown) {
    await remove();
    throw thrown;
  }
  return { folder: { path, manifestFile: join(path, "manifest.json") }, [Symbol.asyncDispose]: remove };
}
