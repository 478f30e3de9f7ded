// The examples do what their READMEs say: every command in them is executed.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Ended, Scratch } from "./program.ts";

const root = join(import.meta.dirname, "../..");

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
  scratch[Symbol.dispose]();
});

/** In a folder where `examples/` is the checkout's, so that what a command writes isn't left there. */
function execute(line: string): Promise<Ended> {
  return scratch.shell(`ln -s "${root}/examples" examples && { ${line}; }`);
}

const documented = readdirSync(join(root, "examples")).flatMap((name) => {
  const readme = readFileSync(join(root, "examples", name, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) => block.trim().split("\n")).map((line) => [name, line.trim()] as const);
});

describe("a command of an example's README", () => {
  test.each(documented)("%s: %s", async (_, line) => {
    const { exitCode, stderr } = await execute(line);
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

describe("speech-gate", () => {
  test("finds each phrase that the truth has, and nothing else", async () => {
    const line =
      "remotemedia run examples/speech-gate --input examples/speech-gate/speech.wav --output vad.events=-";
    const { stdout } = await execute(line);
    const ends = stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text).json)
      .filter(({ event }) => event === "speech_end");
    const truth = JSON.parse(readFileSync(join(root, "examples/speech-gate/speech.truth.json"), "utf8"));
    expect(ends).toHaveLength(truth.phrases.length);
    for (const [at, { start_us, end_us }] of ends.entries()) {
      expect(Math.abs(start_us - truth.phrases[at].start_us)).toBeLessThan(200_000);
      expect(Math.abs(end_us - truth.phrases[at].end_us)).toBeLessThan(200_000);
    }
  });

  test("is shown by the demo's timeline", async () => {
    const { exitCode, stdout } = await execute(
      [
        "remotemedia run examples/speech-gate --input examples/speech-gate/speech.wav --quiet --output f.ndjson --report r.json",
        `"${process.execPath}" "${root}/scripts/demo-timeline.ts" f.ndjson r.json examples/speech-gate/speech.truth.json`,
      ].join(" && "),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ {2}found {2}[░█]{72}\n/);
    expect(stdout).toContain("Result: 3 of 3 phrases found, nothing found that wasn't said");
  });
});
