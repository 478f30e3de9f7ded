// The files of one pipeline: a folder of the user's, or the unpacked view of a package, whose files are held to their digests each time.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";

export interface PipelineFolder {
  /** The manifest's own path. */
  readonly manifestFile: string;
  /** Where the manifest's relative paths begin. */
  readonly path: string;
  /** The digest that a file must have, by its relative path; undefined as a whole for a folder of the user's. A file without one isn't there. */
  readonly digestOf?: ((path: string) => Digest | undefined) | undefined;
}

/** What reading a file of a pipeline gave: its bytes, or why there are none, as the end of "which is …". */
export type FolderFile =
  | { readonly kind: "file"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "absent" | "unusable" | "large"; readonly reason: string };

/** Reads a file by its relative path. @throws RemoteMediaError `digest-mismatch` */
export async function readInFolder(
  folder: PipelineFolder,
  path: string,
  maxBytes: number,
): Promise<FolderFile> {
  const expected = folder.digestOf?.(path);
  if (folder.digestOf !== undefined && expected === undefined) return absent;
  const file = join(folder.path, path);
  const found = await readBounded(file, maxBytes);
  if (found.kind === "file" && expected !== undefined) checkDigest(found.bytes, expected, path, file);
  return found;
}

const absent: FolderFile = { kind: "absent", reason: "not there" };

async function readBounded(file: string, maxBytes: number): Promise<FolderFile> {
  try {
    // Not to wait for the writer of a FIFO that a folder from elsewhere has in a module's place.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) return { kind: "unusable", reason: "no file" };
    if (found.size > maxBytes) {
      return { kind: "large", reason: `too large: ${found.size} bytes, at most ${maxBytes} are taken` };
    }
    return { kind: "file", bytes: new Uint8Array(await handle.readFile()) };
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return absent;
    return { kind: "unusable", reason: `unreadable: ${message}` };
  }
}

function checkDigest(bytes: Uint8Array, expected: Digest, path: string, file: string): void {
  const actual = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (actual === expected) return;
  throw new RemoteMediaError("digest-mismatch", `${path} is not what was signed: it has ${actual}`, {
    where: { file, digest: expected },
    hint: "it was changed after it was unpacked; remotemedia cache clear, then fetch the package again",
  });
}
