// Files with a number in their name: the pattern FFmpeg takes, those that are there already, and the removal of old ones.
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RemoteMediaError } from "../base/error.ts";

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

/** The numbers of the files of a pattern that are there, ascending. A folder that can't be read has none. */
export function existingNumbers(path: string): number[] {
  const { prefix, suffix } = split(path);
  let names: string[] = [];
  try {
    names = readdirSync(dirname(resolve(path)));
  } catch {
    return []; // FFmpeg says what is wrong with it.
  }
  return names
    .filter(
      (name) =>
        name.length > prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix),
    )
    .map((name) => name.slice(prefix.length, name.length - suffix.length))
    .filter((digits) => /^\d{1,9}$/.test(digits))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Removes the oldest files of `numbers` until `keep` are left; gives those that are. A file that can't be removed is left. */
export function removeOldest(path: string, numbers: readonly number[], keep: number): number[] {
  const { prefix, suffix, digits } = split(path);
  const surplus = numbers.slice(0, Math.max(0, numbers.length - keep));
  for (const number of surplus) {
    const name = `${prefix}${String(number).padStart(digits, "0")}${suffix}`;
    rmSync(join(dirname(resolve(path)), name), { force: true });
  }
  return numbers.slice(surplus.length);
}
