// Ctrl-C and its like: the first interrupt drains, the second stops, and nothing stays behind.
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningProgram, Scratch } from "./program.ts";

const calculator = join(import.meta.dirname, "../../examples/calculator/pipeline.json");
const firstResult = '{"port":"out","pts":0,"json":12}\n';

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
  scratch[Symbol.dispose]();
});

function readOutcome(): string {
  return JSON.parse(readFileSync(scratch.file("report.json"), "utf8")).outcome;
}

describe("the first interrupt", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("drains after %s and ends with 0", async (signal) => {
    const words = ["run", calculator, "--input", "-", "--report", scratch.file("report.json")];
    const program = scratch.start(words, "open");
    program.process.stdin.write("1\n");
    await program.process.stdin.flush();
    await program.printed(firstResult);
    program.process.kill(signal);
    const { exitCode, stdout, stderr } = await program.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: firstResult });
    expect(stderr).toMatch(/^draining: .*\ninterrupted, all that was read is finished after /);
    expect(readOutcome()).toBe("interrupted");
  });

  test("of a terminal, which reaches the whole process group, costs no frame and no node its state", async () => {
    const words = ["run", calculator, "--input", "-", "--report", scratch.file("report.json")];
    const program = scratch.start(words, "open", { leadsGroup: true });
    program.process.stdin.write("1\n");
    await program.process.stdin.flush();
    await program.printed(firstResult);
    program.process.stdin.write("2\n".repeat(2000));
    await program.process.stdin.flush();
    process.kill(-program.process.pid, "SIGINT");
    const { exitCode } = await program.ended;
    expect(exitCode).toBe(0);
    const report = JSON.parse(readFileSync(scratch.file("report.json"), "utf8"));
    expect(report).toMatchObject({ outcome: "interrupted", frames_dropped: 0, frames_out: report.frames_in });
    expect(report.nodes.map(({ restarts }: { restarts: number }) => restarts)).toEqual([0, 0]);
  });

  test("leaves the output file whole", async () => {
    const output = scratch.file("out.json");
    const outputs = ["--output", `plus-ten.out=${output}`, "--output", "plus-ten.out=-"];
    const program = scratch.start(["run", calculator, "--input", "-", ...outputs], "open");
    program.process.stdin.write("1\n2\n");
    await program.process.stdin.flush();
    await program.printed('"json":14');
    program.process.kill("SIGINT");
    const { exitCode } = await program.ended;
    expect(exitCode).toBe(0);
    const frames: { json: number }[] = JSON.parse(readFileSync(output, "utf8"));
    expect(frames.map(({ json }) => json)).toEqual([12, 14]);
  });
});

describe("the second interrupt", () => {
  /** A run that can't drain: its output is a FIFO that nobody empties. */
  async function startStuck(): Promise<{ program: RunningProgram; release: () => void }> {
    const [input, output] = [scratch.file("in.ndjson"), scratch.file("out.ndjson")];
    writeFileSync(input, "7\n".repeat(100_000));
    execFileSync("mkfifo", [output]);
    const reader = openSync(output, constants.O_RDONLY | constants.O_NONBLOCK);
    const words = ["run", calculator, "--input", input, "--output", output];
    const program = scratch.start([...words, "--report", scratch.file("report.json")]);
    const byte = new Uint8Array(1);
    for (let got = 0; got === 0; await Bun.sleep(5)) {
      try {
        got = readSync(reader, byte);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
    return { program, release: () => closeSync(reader) };
  }

  test("stops at once what doesn't drain, ends with 1, and the report says so", async () => {
    const { program, release } = await startStuck();
    program.process.kill("SIGINT");
    await program.told("draining");
    program.process.kill("SIGINT");
    const { exitCode, stderr } = await program.ended;
    release();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^draining: .*\nstopping\nstopped after /);
    expect(readOutcome()).toBe("stopped");
  });

  test("is what a hung-up terminal counts as", async () => {
    const { program, release } = await startStuck();
    program.process.kill("SIGHUP");
    const { exitCode } = await program.ended;
    release();
    expect(exitCode).toBe(1);
    expect(readOutcome()).toBe("stopped");
  });
});
