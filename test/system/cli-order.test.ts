// The same input gives the same output, line by line, in a pipeline whose nodes all write to one place.
import { join } from "node:path";
import { expect, test } from "vitest";
import { Scratch } from "./program.ts";

const example = join(import.meta.dirname, "../../examples/speech-gate");

test("runs of speech-gate give the same bytes, one after another and side by side", async () => {
  using scratch = new Scratch();
  const words = ["run", example, "--input", join(example, "speech.wav"), "--output", "-"];
  const first = await scratch.run(words);
  expect(first.exitCode).toBe(0);
  const nodes = new Set(
    first.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).node),
  );
  expect([...nodes].sort()).toEqual(["level", "mel", "vad"]);
  const others = [await scratch.run(words), ...(await Promise.all([1, 2, 3].map(() => scratch.run(words))))];
  for (const { stdout } of others) expect(stdout === first.stdout).toBe(true);
  expect(scratch.leftovers()).toEqual([]);
});
