// `remotemedia run` as users see it: results, reports, refusals, and what is left behind.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunReport } from "../../agent/executor/report.ts";
import { Scratch } from "./program.ts";

const root = join(import.meta.dirname, "../..");
const calculator = join(root, "examples/calculator/pipeline.json");
const numbers = join(root, "examples/calculator/input.json");
const results = [12, 14, 16].map((json, pts) => `${JSON.stringify({ port: "out", pts, json })}\n`).join("");

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
  scratch[Symbol.dispose]();
});

function readReport(name = "report.json"): RunReport {
  return JSON.parse(readFileSync(scratch.file(name), "utf8"));
}

describe("a run", () => {
  test("writes results and nothing else to stdout, and its summary to stderr", async () => {
    const { exitCode, stdout, stderr } = await scratch.run([
      ...["run", calculator, "--input", numbers, "--output", "-"],
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: results });
    expect(stderr).toMatch(/^done after .*: 3 frames in, 3 out, 0 dropped\n/);
    expect(stderr).toMatch(/double +MultiplyNode +3 +3 +0 +0/);
  });

  test("gives its results on stdout when no output is named, and is silent when asked to be", async () => {
    expect(
      await scratch.run(["run", join(root, "examples/calculator"), "--input", numbers, "--quiet"]),
    ).toEqual({
      exitCode: 0,
      stdout: results,
      stderr: "",
    });
  });

  test("reads NDJSON from stdin and takes replaced params", async () => {
    const words = ["run", calculator, "--input", "-", "--quiet", "--set", "double.factor=-1"];
    const { exitCode, stdout } = await scratch.run(words, "4\n6\n");
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).json),
    ).toEqual([6, 4]);
  });

  test("writes a report of every node", async () => {
    const words = ["run", calculator, "--input", numbers, "--output", scratch.file("out.ndjson")];
    const { exitCode, stdout } = await scratch.run([...words, "--report", scratch.file("report.json")]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(readFileSync(scratch.file("out.ndjson"), "utf8")).toBe(results);
    const report = readReport();
    expect(report).toMatchObject({ outcome: "done", frames_in: 3, frames_out: 3, frames_dropped: 0 });
    expect(report.nodes.map(({ node, frames_in, frames_out }) => [node, frames_in, frames_out])).toEqual([
      ["double", 3, 3],
      ["plus-ten", 3, 3],
    ]);
  });

  test("with --json gives the report as the last line of stderr", async () => {
    const { stdout, stderr } = await scratch.run(["run", calculator, "--input", numbers, "--json"]);
    expect(stdout).toBe(results);
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1).report).toMatchObject({ outcome: "done", frames_out: 3 });
  });

  test("ends after the duration that it was given", async () => {
    const words = ["run", calculator, "--input", "-", "--duration", "0.2"];
    const { exitCode, stderr } = await scratch.start(words, "open").ended;
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^interrupted, all that was read is finished/);
  });
});

describe("a run whose reader has seen enough", () => {
  test("ends quietly, with nothing on stderr and exit 0", async () => {
    const input = scratch.file("many.ndjson");
    writeFileSync(input, "1\n".repeat(50_000));
    const { stdout, stderr } = await scratch.shell(
      `remotemedia run "${calculator}" --input "${input}" --report report.json | head -1; echo "\${PIPESTATUS[0]}"`,
    );
    expect(stdout).toBe('{"port":"out","pts":0,"json":12}\n0\n');
    expect(stderr).toBe("");
    expect(readReport().error?.code).toBe("output-closed");
  });

  test("goes on when only stderr was closed", async () => {
    const { stdout } = await scratch.shell(
      `{ remotemedia run "${calculator}" --input "${numbers}"; echo $?; } 2> >(exec 0<&-)`,
    );
    expect(stdout).toBe(`${results}0\n`);
  });
});

describe("a run that fails", () => {
  test("says that the disk is full, ends with 1, and the report tells the same", async () => {
    const words = ["run", calculator, "--input", numbers, "--output", "/dev/full"];
    const { exitCode, stderr } = await scratch.run([...words, "--report", scratch.file("report.json")]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "error: The output can't be written: the disk is full. [output-failed]\n   at: /dev/full\n",
    );
    expect(readReport()).toMatchObject({ outcome: "failed", error: { code: "output-failed" } });
  });

  test("leaves no part of an output file when its input breaks off", async () => {
    const input = scratch.file("broken.ndjson");
    writeFileSync(input, "1\n2\n{nonsense\n");
    const output = scratch.file("out.json");
    const { exitCode, stderr } = await scratch.run(["run", calculator, "--input", input, "--output", output]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error: .*\n {3}at: .*broken\.ndjson:3/);
  });

  test("counts the frames that a node could not take, by code and place", async () => {
    const input = scratch.file("mixed.ndjson");
    writeFileSync(input, '1\n"two"\n3\n');
    const { exitCode, stdout, stderr } = await scratch.run(["run", calculator, "--input", input]);
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).json),
    ).toEqual([12, 16]);
    expect(stderr).toMatch(/3 frames in, 2 out, 1 dropped/);
    expect(stderr).toMatch(/ {2}double: node-bad-input ×1 \(at 0:00\.000\): /);
  });
});

describe("a run that is refused", () => {
  const refusals: readonly (readonly [string, readonly string[], number, string])[] = [
    ["a pipeline that is not there", ["nope.json"], 2, "manifest-missing"],
    ["an input that is not there", [calculator, "--input", "nope.wav"], 2, "input-missing"],
    ["an open input that nothing feeds", [calculator], 2, "usage"],
    ["an output of unknown form", [calculator, "--input", numbers, "--output", "x.mp3"], 2, "usage"],
    [
      "an unknown param",
      [calculator, "--input", numbers, "--set", "double.factr=1"],
      2,
      "node-invalid-params",
    ],
    ["a peer of no mesh", [calculator, "--input", numbers, "--peer", "ws://host:1"], 2, "membership-missing"],
    ["a contradiction", [calculator, "--input", numbers, "--peer", "ws://host:1", "--local"], 2, "usage"],
    ["a duration that is none", [calculator, "--input", numbers, "--duration", "soon"], 2, "usage"],
    ["a report on stdout", [calculator, "--input", numbers, "--report", "-"], 2, "usage"],
    [
      "a report in no folder",
      [calculator, "--input", numbers, "--report", "no/folder/r.json"],
      1,
      "output-failed",
    ],
  ];
  test.each(refusals)("because of %s says so in JSON", async (_, words, code, error) => {
    const { exitCode, stdout, stderr } = await scratch.run(["run", ...words, "--json"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
    const [line, ...rest] = stderr.trim().split("\n");
    expect(rest).toEqual([]);
    expect(JSON.parse(line!).error).toMatchObject({ code: error, message: expect.any(String) });
  });

  test("names the line and column of wrong JSON, and has no stack", async () => {
    const file = scratch.file("pipeline.json");
    writeFileSync(file, '{\n  "version": "v1",\n}\n');
    const { exitCode, stderr } = await scratch.run(["run", file]);
    expect(exitCode).toBe(2);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^error: .* \[manifest-syntax\]$/);
    expect(lines[1]).toBe(`   at: ${file}:3:1`);
    expect(lines[2]).toMatch(/^ {3}do: ./);
  });

  test("shows a stack when it is asked for", async () => {
    const { stderr } = await scratch.run(["run", "nope.json", "--debug"]);
    expect(stderr).toMatch(/\n {4}at /);
  });

  test("writes a report all the same", async () => {
    await scratch.run(["run", "nope.json", "--report", scratch.file("report.json")]);
    expect(readReport()).toMatchObject({ outcome: "failed", error: { code: "manifest-missing" }, nodes: [] });
  });
});
