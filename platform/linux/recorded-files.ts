// openRecordedFiles: the files of a recorded board, below its folder and nowhere else.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { join } from "node:path";

const maxLinks = 40;
const maxParts = 256;
const maxPathLength = 4096;
const maxNames = 4096;

/** Paths are absolute and mean below the root. Nothing throws. The tree may have been made to mislead: links that leave the root,
 * or loop, lead nowhere, and nothing but plain files is ever opened. */
export interface RecordedFiles {
  /** At most `maxBytes`, the rest is cut; undefined where it is no plain file or can't be read. */
  read(path: string, maxBytes: number): Uint8Array | undefined;
  /** Sorted; at most 4096. */
  list(path: string): readonly string[];
  /** Where a path leads once every link is followed; undefined where nowhere. `isKnown` says of what isn't on the disk that it is there. */
  resolve(path: string, isKnown?: (path: string) => boolean): string | undefined;
}

export function openRecordedFiles(root: string): RecordedFiles {
  /** Links are followed by us: the kernel would take an absolute target for one of this machine. */
  const resolve = (path: string, isKnown?: (path: string) => boolean): string | undefined => {
    if (path.length > maxPathLength || path.includes("\0")) return undefined;
    const todo = path.split("/").reverse();
    const done: string[] = [];
    let links = 0;
    while (todo.length > 0) {
      if (todo.length + done.length > maxParts) return undefined;
      const part = todo.pop()!;
      if (part === "" || part === ".") continue;
      if (part === "..") {
        if (done.pop() === undefined) return undefined;
        continue;
      }
      done.push(part);
      const here = `/${done.join("/")}`;
      const kind = kindOf(join(root, here));
      if (kind === undefined) {
        if (todo.length === 0 && isKnown?.(here)) return here;
        // A folder of devices that isn't in the recording may still hold one that is known.
        if (isKnown === undefined || !todo.every(isPlainPart)) return undefined;
        const whole = [here, ...todo.toReversed()].join("/");
        return isKnown(whole) ? whole : undefined;
      }
      if (kind === "other" || (kind === "file" && todo.some((later) => later !== ""))) return undefined;
      if (kind !== "link") continue;
      const target = readLink(join(root, here));
      if (target === undefined || ++links > maxLinks) return undefined;
      if (target.startsWith("/")) done.length = 0;
      else done.pop();
      todo.push(...target.split("/").reverse());
    }
    return `/${done.join("/")}`;
  };
  const onDisk = (path: string) => {
    const resolved = resolve(path);
    return resolved === undefined ? undefined : join(root, resolved);
  };
  return {
    resolve,
    read: (path, maxBytes) => {
      const file = onDisk(path);
      return file === undefined || kindOf(file) !== "file" ? undefined : readStart(file, maxBytes);
    },
    list: (path) => {
      const folder = onDisk(path);
      try {
        return folder === undefined ? [] : readdirSync(folder).sort().slice(0, maxNames);
      } catch {
        return [];
      }
    },
  };
}

function isPlainPart(part: string): boolean {
  return part !== "" && part !== "." && part !== "..";
}

function kindOf(path: string): "file" | "folder" | "link" | "other" | undefined {
  try {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) return "link";
    if (stats.isDirectory()) return "folder";
    return stats.isFile() ? "file" : "other";
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readStart(path: string, maxBytes: number): Uint8Array | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return undefined;
      const bytes = new Uint8Array(Math.min(stats.size, maxBytes));
      return bytes.subarray(0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
