// Where a layer goes in an unpacked package: a path that means the same, and one file, on every file system.
import { printable } from "../../platform/base/printable.ts";

const maxPathBytes = 1024;
const maxNameBytes = 255;
// Controls, halves of surrogate pairs, line and paragraph separators, and what turns the direction of writing around.
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/u;

/** Why a path can't be a layer's; undefined where it can: relative, in `modules/` or `models/`, without `.`, `..`, empty names, backslashes
 * or control characters, and of a length that file systems take. */
export function judgeLayerPath(path: string): string | undefined {
  if (path.length > maxPathBytes || Buffer.byteLength(path) > maxPathBytes) {
    return `the path is longer than ${maxPathBytes} bytes`;
  }
  if (unsafe.test(path)) return `${printable(JSON.stringify(path))} has control characters or a backslash`;
  const [top, ...names] = path.split("/");
  if ((top !== "modules" && top !== "models") || names.length === 0) {
    return `"${printable(path)}" is neither in modules/ nor in models/`;
  }
  const bad = names.find((name) => name === "" || name === "." || name === "..");
  if (bad !== undefined) return `"${printable(path)}" has a name that is "${bad}"`;
  const long = names.find((name) => Buffer.byteLength(name) > maxNameBytes);
  if (long !== undefined) return `"${printable(path)}" has a name longer than ${maxNameBytes} bytes`;
  return undefined;
}

/** Why paths, each good by itself, can't be in one folder; undefined where they can: no two that are one file where case or the way
 * accents are written doesn't count, and none that is another one's folder. */
export function judgeLayerPaths(paths: readonly string[]): string | undefined {
  const files = new Map<string, string>();
  for (const path of paths) {
    const known = files.get(fold(path));
    if (known !== undefined) return clash(known, path);
    files.set(fold(path), path);
  }
  for (const path of paths) {
    const folded = fold(path);
    for (let slash = folded.indexOf("/"); slash >= 0; slash = folded.indexOf("/", slash + 1)) {
      const file = files.get(folded.slice(0, slash));
      if (file !== undefined) return `"${printable(file)}" is a file and the folder of "${printable(path)}"`;
    }
  }
  return undefined;
}

function clash(one: string, other: string): string {
  const names = `"${printable(one)}" and "${printable(other)}"`;
  return one === other
    ? `"${printable(one)}" is there twice`
    : `${names} are one file where case doesn't count`;
}

function fold(path: string): string {
  return path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}
