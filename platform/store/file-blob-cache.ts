// A cache folder: one file an entry, whole or not there, checked by its own digest when it is read.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BlobCache } from "../contract/blob-cache.ts";

const digestBytes = 32;
/** A temporary file that is older belongs to nobody any more: its writer was killed. */
const abandonedMs = 24 * 3_600_000;

/** Entries are `sha256(content) content`, written beside and renamed: a reader never sees half of one, and what a power cut
 * has torn doesn't match its digest. Several processes may share the folder. */
export function openFileBlobCache(folder: string): BlobCache {
  let isSwept = false;
  return {
    async get(key) {
      try {
        const bytes = await readFile(join(folder, key));
        const content = bytes.subarray(digestBytes);
        return digest(content).equals(bytes.subarray(0, digestBytes)) ? new Uint8Array(content) : undefined;
      } catch {
        return undefined;
      }
    },
    async put(key, bytes) {
      const temporary = join(folder, `.${key}.${randomUUID()}`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        if (!isSwept) await removeAbandoned(folder);
        isSwept = true;
        const file = await open(temporary, "wx", 0o600);
        try {
          await file.writev([digest(bytes), bytes]);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, join(folder, key));
      } catch {
        await rm(temporary, { force: true }).catch(() => {});
      }
    },
  };
}

/** What writers that were killed have left. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(".")) continue;
    const file = join(folder, name);
    if (Date.now() - (await stat(file)).mtimeMs > abandonedMs) await rm(file, { force: true });
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
