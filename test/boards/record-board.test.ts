// scripts/record-board, and `probe --record` that it calls: this machine, recorded and read back.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseStatement } from "../../agent/capability/statement.ts";
import { Scratch } from "../system/program.ts";

const script = join(import.meta.dirname, "../../scripts/record-board");
let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => scratch[Symbol.dispose]());

/** Without what no two looks have in common, what only a machine that runs nodes has, and addresses within names. */
function withoutMoment(text: string): object {
  const named = text.replace(/\b(enx|wlx|wwx)[0-9a-f]{12}\b/g, "$1");
  const { time, device, load, node_types, ...rest } = parseStatement(JSON.parse(named));
  return rest;
}

describe("probe --record", () => {
  test("says what probe says, and writes a folder that --root tells the same of", async () => {
    const folder = scratch.file("mine");
    const recorded = await scratch.run(["probe", "--json", "--record", folder]);
    expect(recorded.exitCode).toBe(0);
    expect(recorded.stderr).toMatch(/^\d+ files are in .*mine: look through them/);
    const read = await scratch.run(["probe", "--json", "--root", folder]);
    expect(withoutMoment(read.stdout)).toEqual(withoutMoment(recorded.stdout));
    expect(read.stdout).toBe(readFileSync(join(folder, "statement.json"), "utf8"));
    expect(parseStatement(JSON.parse(recorded.stdout)).node_types).toContain("PassThrough");
  });

  test("leaves out this machine's name and addresses", async () => {
    const folder = scratch.file("secret");
    await scratch.run(["probe", "--quiet", "--record", folder]);
    const addresses = Object.values(networkInterfaces()).flatMap((each) =>
      (each ?? []).flatMap(({ address, mac }) => [address, mac]),
    );
    const everybodys = /^(::1|127\.0\.0\.1|(00:){5}00|localhost|debian|ubuntu|raspberrypi|jetson)$/;
    const told = [hostname(), ...addresses].filter((each) => !everybodys.test(each));
    expect(told.length).toBeGreaterThan(0);
    for (const secret of told) {
      const found = Bun.spawnSync(["grep", "-raiwF", "--", secret, folder]);
      expect(found.stdout.toString(), secret).toBe("");
    }
    const patterns = String.raw`\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b|^serial\s*:.*[0-9]|\b[0-9a-f]{32,}\b`;
    expect(Bun.spawnSync(["grep", "-raiE", patterns, folder]).stdout.toString()).toBe("");
  });

  test("is quiet when it is told to be, and small", async () => {
    const folder = scratch.file("quiet");
    const { stderr } = await scratch.run(["probe", "--quiet", "--record", folder]);
    expect(stderr).toBe("");
    const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
    expect(sizes.length).toBeLessThan(2000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2 ** 20);
  });

  test.each([["--watch"], ["--root", "test/boards/nothing"]])("goes with no %s", async (...words) => {
    const { exitCode, stderr } = await scratch.run(["probe", "--record", scratch.file("never"), ...words]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--record is of this machine");
    expect(existsSync(scratch.file("never"))).toBe(false);
  });

  test("writes nothing over what is there, and exits with 1", async () => {
    const folder = scratch.file("full");
    mkdirSync(folder);
    writeFileSync(join(folder, "mine.txt"), "mine");
    const { exitCode, stderr } = await scratch.run(["probe", "--json", "--record", folder]);
    expect({ exitCode, code: JSON.parse(stderr).error.code }).toEqual({ exitCode: 1, code: "output-failed" });
    expect(readdirSync(folder)).toEqual(["mine.txt"]);
  });
});

describe("scripts/record-board", () => {
  const run = (words: readonly string[], environment: Record<string, string> = {}) =>
    Bun.spawnSync(["sh", script, ...words], {
      cwd: scratch.folder,
      env: { ...scratch.environment, ...environment },
    });

  test("records with this checkout, and says what to look at", () => {
    const { exitCode, stderr } = run(["by-script"]);
    expect(exitCode).toBe(0);
    expect(stderr.toString()).toContain("cat by-script/statement.json");
    expect(existsSync(join(scratch.folder, "by-script/board.json"))).toBe(true);
  });

  test("records with the program that REMOTEMEDIA names", () => {
    const fake = scratch.file("fake-remotemedia");
    writeFileSync(fake, '#!/bin/sh\nmkdir -p "$3" && echo "$*" >"$3/called"\n', { mode: 0o755 });
    expect(run(["by-other"], { REMOTEMEDIA: fake }).exitCode).toBe(0);
    expect(readFileSync(scratch.file("by-other/called"), "utf8")).toBe("probe --record by-other\n");
  });

  test("needs nothing but the program beside it", () => {
    const alone = scratch.file("alone");
    mkdirSync(alone);
    writeFileSync(join(alone, "record-board"), readFileSync(script));
    const missing = Bun.spawnSync(["sh", join(alone, "record-board"), "x"], {
      cwd: alone,
      env: { PATH: "/usr/bin:/bin" },
    });
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr.toString()).toContain("there is no remotemedia here");
    writeFileSync(join(alone, "remotemedia"), '#!/bin/sh\nmkdir -p "$3"\n', { mode: 0o755 });
    const there = Bun.spawnSync(["sh", join(alone, "record-board")], {
      cwd: alone,
      env: { PATH: "/usr/bin:/bin" },
    });
    expect(there.exitCode).toBe(0);
    expect(existsSync(join(alone, "board-record"))).toBe(true);
  });

  test.each([
    ["a folder that is there", ["."], "is there already"],
    ["two folders", ["a", "b"], "usage"],
    ["an option", ["--help"], "usage"],
  ])("refuses %s", (_, words, said) => {
    const { exitCode, stderr } = run(words);
    expect(exitCode).toBe(2);
    expect(stderr.toString()).toContain(said);
  });
});
