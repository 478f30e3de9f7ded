// Where things are in a store. Names are made of digests, and of words that we chose; never of what came from elsewhere.
import { join } from "node:path";
import { type Digest, digestHex, isDigest } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { Disk } from "./disk.ts";
import { errnoOf } from "./disk-failure.ts";

export interface StoreFolders {
  readonly root: string;
  readonly blobs: string;
  readonly partial: string;
  readonly pipelines: string;
  readonly state: string;
  /** One file a package. */
  readonly packages: string;
  /** One file a view: which files it must have. */
  readonly views: string;
  /** One file a package, which its holders have locked. */
  readonly holds: string;
  /** One file an open store, locked as long as its process lives. */
  readonly sessions: string;
}

export function storeFolders(root: string): StoreFolders {
  const state = join(root, "state");
  return {
    root,
    blobs: join(root, "blobs", "sha256"),
    partial: join(root, "partial"),
    pipelines: join(root, "pipelines"),
    state,
    packages: join(state, "packages"),
    views: join(state, "views"),
    holds: join(state, "holds"),
    sessions: join(state, "sessions"),
  };
}

/** What is ours in `state/`; no state file may have such a name. */
const ownNames: readonly string[] = [
  "packages",
  "views",
  "holds",
  "sessions",
  "lock",
  "records-lock",
  "views-lock",
];

/** @throws RemoteMediaError `internal` on a name that isn't `[a-z0-9.-]+`, or that is the store's own */
export function stateFile(folders: StoreFolders, name: string): string {
  if (/^[a-z0-9-][a-z0-9.-]{0,99}$/.test(name) && !ownNames.includes(name)) return join(folders.state, name);
  throw new RemoteMediaError("internal", `${printable(name)} is no name of a state file`);
}

/** A file that a digest names. @throws RemoteMediaError `package-invalid` on what is no digest, whatever its type says */
export function digestFile(folder: string, digest: Digest): string {
  if (isDigest(digest)) return join(folder, digestHex(digest));
  throw new RemoteMediaError("package-invalid", `${printable(String(digest))} is no digest`);
}

/** The digest that names a file; undefined of other files. */
export function digestOfName(name: string): Digest | undefined {
  const digest = `sha256:${name}`;
  return isDigest(digest) ? digest : undefined;
}

/** Makes a folder and those above it; what was made is on the disk. */
export async function ensureFolder(disk: Disk, folder: string): Promise<void> {
  let isMade: boolean;
  try {
    isMade = await disk.makeFolder(folder);
  } catch (error) {
    const parent = join(folder, "..");
    if (errnoOf(error) !== "ENOENT" || parent === folder) throw error;
    await ensureFolder(disk, parent);
    isMade = await disk.makeFolder(folder);
  }
  if (isMade) await disk.syncFolder(join(folder, ".."));
}

/** Removes a folder with all that is in it, and gives the bytes that this frees: of files that have no other name. */
export async function removeTree(disk: Disk, folder: string): Promise<number> {
  let freedBytes = 0;
  for (const name of await disk.list(folder)) {
    const path = join(folder, name);
    const entry = await disk.entry(path);
    if (entry?.kind === "folder") freedBytes += await removeTree(disk, path);
    else {
      if (entry?.links === 1) freedBytes += entry.size;
      await disk.removeFile(path);
    }
  }
  await disk.removeFolder(folder);
  return freedBytes;
}
