// Files with a number in their name: which belong to a pattern, and which of them are removed.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  existingNumbers,
  isFileOf,
  numberOf,
  numberPattern,
  removeOldest,
} from "../../../platform/ffmpeg/numbered-files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "numbered-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pattern = () => join(folder, "clip-%03d.mkv");
const others = [
  ...["clip-1.mkv", "clip-0001.mkv", "clip-.mkv", "clip-abc.mkv", "clip-001.mp4", "xclip-001.mkv"],
  ...["clip-001.mkv.part", "clip--01.mkv", "clip-1e3.mkv", "clip-99999999999.mkv", "clip-٠٠١.mkv", "notes"],
];

describe("numbered files", () => {
  it("are those whose names the pattern makes", () => {
    expect(
      ["clip-000.mkv", "clip-041.mkv", "clip-1234.mkv"].map((name) => numberOf(pattern(), name)),
    ).toEqual([0, 41, 1234]);
    for (const name of [...others, "", "../clip-001.mkv", join(folder, "clip-001.mkv"), "clip-001.mkv\r"]) {
      expect([name, numberOf(pattern(), name)]).toEqual([name, undefined]);
    }
    expect(numberOf("%d", "7")).toBe(7);
    expect(numberOf("%d", "07")).toBe(undefined);
    // A name that is shorter than what stands around its number.
    expect(numberOf("1-%d-1", "1-1")).toBe(undefined);
  });

  it("are found by what their pattern makes of their number, and by nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(2 ** 31), (name, number) => {
        expect(numberOf("a-%05d.jpg", `a-${String(number).padStart(5, "0")}.jpg`)).toBe(number);
        const found = numberOf("a-%05d.jpg", name);
        if (found !== undefined) expect(`a-${String(found).padStart(5, "0")}.jpg`).toBe(name);
      }),
    );
  });

  it("are removed, the oldest first, and nothing else is", () => {
    for (const name of [...others, "clip-004.mkv", "clip-1000.mkv", "clip-002.mkv", "clip-4294967295.mkv"]) {
      writeFileSync(join(folder, name), "");
    }
    mkdirSync(join(folder, "clip-003.mkv"));
    writeFileSync(join(folder, "clip-003.mkv", "kept"), "");
    symlinkSync("notes", join(folder, "clip-005.mkv"));
    const numbers = existingNumbers(pattern());
    expect(numbers).toEqual([2, 3, 4, 5, 1000]);
    expect(numbers.map((number) => isFileOf(pattern(), number))).toEqual([true, false, true, false, true]);
    expect(isFileOf(pattern(), 9)).toBe(false);
    expect(removeOldest(pattern(), numbers, 9)).toEqual(numbers);
    expect(removeOldest(pattern(), numbers, 1)).toEqual([1000]);
    expect(readdirSync(folder).sort()).toEqual(
      [...others, "clip-003.mkv", "clip-1000.mkv", "clip-4294967295.mkv"].sort(),
    );
    expect(readdirSync(join(folder, "clip-003.mkv"))).toEqual(["kept"]);
    expect(existingNumbers("/nowhere/%d")).toEqual([]);
  });

  it("have one number sign", () => {
    expect(numberPattern("/a%b/c-%d.mkv")).toBe("file:/a%%b/c-%d.mkv");
    for (const name of ["clip", "%d-%d", "%s", "%d%", "%12d"]) {
      expect(() => numberPattern(name)).toThrow("needs one %d");
      expect(() => existingNumbers(name)).toThrow("needs one %d");
    }
  });
});
