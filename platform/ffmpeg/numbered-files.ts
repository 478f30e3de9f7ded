// Files with a number in their name: the pattern FFmpeg takes, those that are there already, and the removal of old ones.
import { lstatSync, readdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RemoteMediaError } from "../base/error.ts";

/** Files that are there count up to here, so that those that come have numbers that FFmpeg can count. */
const mostNumber = 999_999_999;
const numberSign = /%(?:0(\d))?d/;

/** The pattern as FFmpeg takes it, as an address of an absolute path. Throws `output-failed` where the name hasn't exactly one `%d`. */
export function numberPattern(path: string): string {
  const { prefix, sign, suffix } = split(path);
  const folder = dirname(resolve(path)).replaceAll("%", "%%");
  return `file:${join(folder, `${prefix}${sign}${suffix}`)}`;
}

function split(path: string): { prefix: string; sign: string; suffix: string; digits: number } {
  const name = basename(path);
  const match = numberSign.exec(name);
  const prefix = name.slice(0, match?.index ?? 0);
  const suffix = name.slice((match?.index ?? 0) + (match?.[0].length ?? 0));
  if (match !== null && !`${prefix}${suffix}`.includes("%")) {
    return { prefix, sign: match[0], suffix, digits: Number(match[1] ?? 1) };
  }
  throw new RemoteMediaError(
    "output-failed",
    `The name ${JSON.stringify(name)} needs one %d for the number.`,
    {
      hint: "Name the files such as clip-%05d.mp4",
    },
  );
}

/** The number of a file of the pattern by its name, without a folder; undefined for a name that the pattern doesn't make. */
export function numberOf(path: string, name: string): number | undefined {
  const { prefix, suffix } = split(path);
  const digits = name.slice(prefix.length, name.length - suffix.length);
  if (!/^\d{1,10}$/.test(digits)) return undefined;
  return name === nameOf(path, Number(digits)) ? Number(digits) : undefined;
}

function nameOf(path: string, number: number): string {
  const { prefix, suffix, digits } = split(path);
  return `${prefix}${String(number).padStart(digits, "0")}${suffix}`;
}

/** The numbers of the files of a pattern that are there, ascending. A folder that can't be read has none. */
export function existingNumbers(path: string): number[] {
  split(path);
  let names: string[] = [];
  try {
    names = readdirSync(dirname(resolve(path)));
  } catch {
    return []; // FFmpeg says what is wrong with it.
  }
  return names
    .flatMap((name) => numberOf(path, name) ?? [])
    .filter((number) => number <= mostNumber)
    .sort((a, b) => a - b);
}

/** Whether the file of a number is there, as a plain file. */
export function isFileOf(path: string, number: number): boolean {
  try {
    return lstatSync(placeOf(path, number)).isFile();
  } catch {
    return false;
  }
}

function placeOf(path: string, number: number): string {
  return join(dirname(resolve(path)), nameOf(path, number));
}

/** Removes the oldest files of `numbers` until `keep` are left; gives those that are. A file that can't be removed is left. */
export function removeOldest(path: string, numbers: readonly number[], keep: number): number[] {
  const surplus = numbers.slice(0, Math.max(0, numbers.length - keep));
  for (const number of surplus) {
    try {
      unlinkSync(placeOf(path, number));
    } catch {
      // Somebody else has removed it, or may say who removes it.
    }
  }
  return numbers.slice(surplus.length);
}
