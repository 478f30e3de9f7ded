// Which folders and files a view has. Paths come from packages: nothing leads out, nothing is there twice.
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { ViewEntry } from "../contract/package-store.ts";

const maxEntries = 4096;
const maxPathBytes = 1024;
const maxNameBytes = 255;
const maxDepth = 32;

export interface ViewPlan {
  /** Each after the one that it is in. */
  readonly folders: readonly string[];
  readonly entries: readonly ViewEntry[];
}

/** @throws RemoteMediaError `package-invalid` */
export function planView(entries: readonly ViewEntry[]): ViewPlan {
  if (entries.length > maxEntries) throw refuse(`there are more than ${maxEntries} files`);
  const folders = new Set<string>();
  const files = new Set<string>();
  for (const { path } of entries) {
    const names = checkPath(path);
    if (files.has(path)) throw refuse(`${printable(path)} is there twice`);
    files.add(path);
    for (let depth = 1; depth < names.length; depth++) folders.add(names.slice(0, depth).join("/"));
  }
  for (const folder of folders) {
    if (files.has(folder)) throw refuse(`${printable(folder)} is a file and a folder`);
  }
  return { folders: [...folders], entries };
}

function checkPath(path: string): readonly string[] {
  const names = path.split("/");
  if (Buffer.byteLength(path) > maxPathBytes || names.length > maxDepth)
    throw refuse(`${printable(path)} is too long a path`);
  for (const name of names) {
    if (name === "" || name === "." || name === ".." || Buffer.byteLength(name) > maxNameBytes) {
      throw refuse(`${printable(path)} isn't a path inside the package`);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (/[\u0000-\u001f\u007f\\]/.test(name) || !name.isWellFormed()) {
      throw refuse(`${printable(path)} has characters that no file of a package may have`);
    }
  }
  return names;
}

function refuse(why: string): RemoteMediaError {
  return new RemoteMediaError("package-invalid", `the package can't be unpacked: ${why}`);
}
