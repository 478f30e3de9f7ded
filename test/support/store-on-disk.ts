// A package store in a folder of its own, for tests.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { digestHex } from "../../platform/base/digest.ts";
import { openPackageStore } from "../../platform/store/open-package-store.ts";
import type { StoreWorld } from "../conformance/package-store.ts";

/** @param root the folder to be; default: a new one, removed by `dispose` */
export async function makeStoreOnDisk(root?: string): Promise<StoreWorld & { readonly folder: string }> {
  const made = root ?? (await mkdtemp(join(tmpdir(), "store-")));
  const folder = join(made, "home");
  const blobFile = (digest: `sha256:${string}`) => join(folder, "blobs/sha256", digestHex(digest));
  return {
    folder,
    open: () => openPackageStore(folder),
    async damageBlob(digest, bytes) {
      await chmod(blobFile(digest), 0o600);
      await writeFile(blobFile(digest), bytes);
    },
    async leavePartial(digest, bytes) {
      const file = join(folder, "partial", digestHex(digest));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
    },
    viewFiles: (digest) => readTree(join(folder, "pipelines", digestHex(digest))),
    dispose: () => rm(made, { recursive: true, force: true }),
  };
}

/** All files below a folder by their path in it. */
export async function readTree(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[relative(folder, path)] = new Uint8Array(await readFile(path));
  }
  return files;
}
