// The README's tour does what it says: every command in it is executed, with the built binary.
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Scratch } from "./program.ts";

const root = join(import.meta.dirname, "../..");
const blocks = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms)];
const commands = blocks
  .flatMap(([, block]) => block!.trim().split("\n"))
  // Building is what brought the binary about that the others are tried with.
  .filter((line) => line !== "bun run build");

describe("the README's tour", () => {
  const scratch = new Scratch();
  beforeAll(() => {
    mkdirSync(scratch.file("bin"));
    symlinkSync(join(root, `dist/remotemedia-linux-${process.arch}`), scratch.file("bin/remotemedia"));
    symlinkSync(join(root, "examples"), scratch.file("examples"));
  });
  afterAll(() => scratch[Symbol.dispose]());

  test.each(commands)("%s", async (line) => {
    const { PATH, ...environment } = scratch.environment;
    const child = Bun.spawn(["sh", "-c", line], {
      cwd: scratch.folder,
      env: { ...environment, PATH: `${scratch.file("bin")}:${PATH}` },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(await child.exited, stderr).toBe(0);
    expect(stdout + stderr).not.toBe("");
  });
});
