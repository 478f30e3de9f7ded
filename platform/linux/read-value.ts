// Reads single values out of small kernel files: one printable line, or one number within bounds. Torn and absurd ones are undefined.
import { printable } from "../base/printable.ts";
import type { Machine } from "../contract/machine.ts";

/** `text` as one printable line of at most 128 characters; undefined where nothing is left. NULs end up as spaces. */
export function lineOf(text: string | undefined): string | undefined {
  return printable(text ?? "") || undefined;
}

/** The whole file as one line. */
export async function readLine(machine: Machine, path: string): Promise<string | undefined> {
  return lineOf(await machine.readText(path));
}

/** Strings that are NUL-terminated one after the other, as in a device tree; at most 64. */
export async function readStrings(machine: Machine, path: string): Promise<readonly string[]> {
  const text = (await machine.readText(path)) ?? "";
  return text
    .split("\0", 64)
    .map((part) => printable(part))
    .filter((part) => part !== "");
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A decimal number of at most 20 digits that is within the bounds; undefined for anything else, "0x10", "1e9" and "" included. */
export function numberOf(text: string | undefined, { min, max }: Bounds): number | undefined {
  const digits = text?.trim() ?? "";
  if (!/^-?[0-9]{1,20}(\.[0-9]{1,9})?$/.test(digits)) return undefined;
  const value = Number(digits);
  return value >= min && value <= max ? value : undefined;
}

/** The file as a number within the bounds. */
export async function readNumber(
  machine: Machine,
  path: string,
  bounds: Bounds,
): Promise<number | undefined> {
  return numberOf(await machine.readText(path), bounds);
}

/** More than any machine has: 1 PiB of memory, 1 EiB of disk fit below 2^53. */
export const plausibleBytes: Bounds = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** Values of "key<separator>value" lines by key, the first of each key; both trimmed, none cleaned. At most 4096 lines. */
export function keyedLines(text: string | undefined, separator: ":" | "="): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of (text ?? "").split("\n", 4096)) {
    const at = line.indexOf(separator);
    const key = line.slice(0, Math.max(at, 0)).trim();
    if (key !== "" && !values.has(key)) values.set(key, line.slice(at + 1).trim());
  }
  return values;
}
