// The binaries, as they are shipped: alone in a folder, on this machine and (emulated) on arm64.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { buildRecipe, recipes } from "../../scripts/nodes/build-recipes.ts";
import { Scratch } from "./program.ts";

// An emulator on a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 });

const root = join(import.meta.dirname, "../..");
const sysroot = "/usr/aarch64-linux-gnu";
const emulator = `qemu-aarch64-static -L ${sysroot}`;
const canEmulate = Bun.which("qemu-aarch64-static") !== null && existsSync(sysroot);

// Reason of a skip: the machine lacks clang for the node in C.
const hasClang = Bun.which("clang") !== null;

const variants = [
  { arch: process.arch, prefix: "", environment: {}, canRun: true },
  {
    arch: "arm64",
    prefix: emulator,
    environment: { REMOTEMEDIA_EMULATOR: emulator },
    // Reason of a skip: the machine lacks Debian's qemu-user-static or libc6-arm64-cross, or is an arm64 one itself.
    canRun: canEmulate && process.arch !== "arm64",
  },
] as const;

describe.each(variants)("the $arch binary", ({ arch, prefix, environment, canRun }) => {
  const scratch = new Scratch();
  beforeAll(() => copyFileSync(join(root, `dist/remotemedia-linux-${arch}`), scratch.file("remotemedia")));
  afterAll(() => scratch[Symbol.dispose]());

  async function remotemedia(...words: string[]) {
    const command = [...prefix.split(" ").filter(Boolean), scratch.file("remotemedia"), ...words];
    const child = Bun.spawn(command, {
      cwd: scratch.folder,
      env: { ...scratch.environment, ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(scratch.leftovers()).toEqual([]);
    return { exitCode: await child.exited, stdout, stderr };
  }

  /** Builds a recipe and puts it, with its descriptor, where the pipelines are. */
  async function placeRecipe(name: string): Promise<void> {
    const file = await buildRecipe(recipes.find((recipe) => recipe.name === name)!);
    copyFileSync(file, scratch.file(`${name}.wasm`));
    copyFileSync(join(dirname(file), "node.json"), scratch.file(`${name}.node.json`));
  }

  test.runIf(canRun)("calculates 12, 14, 16", async () => {
    const example = join(root, "examples/calculator");
    const { exitCode, stdout } = await remotemedia(
      "run",
      join(example, "pipeline.json"),
      "--input",
      join(example, "input.json"),
      "--output",
      "-",
    );
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).json),
    ).toEqual([12, 14, 16]);
    expect(exitCode).toBe(0);
  });

  test.runIf(canRun)("finds the three phrases of the demo's clip", async () => {
    const example = join(root, "examples/speech-gate");
    const { exitCode } = await remotemedia(
      "run",
      example,
      "--input",
      join(example, "speech.wav"),
      "--output",
      "out.ndjson",
    );
    expect(exitCode).toBe(0);
    const lines = readFileSync(scratch.file("out.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const found = lines.filter(({ json }) => json?.event === "speech_end");
    expect(found).toHaveLength(3);
  });

  test.runIf(canRun)("makes a key, packs, signs and runs a package, and refuses a changed one", async () => {
    const example = join(root, "examples/calculator");
    const run = (name: string) =>
      remotemedia("run", name, "--input", join(example, "input.json"), "--output", "-");
    for (const words of [
      ["keygen", "--no-passphrase", "-o", "key"],
      ["build", example, "-o", "calculator.rmpkg", "--sign", "key"],
    ]) {
      const { exitCode, stderr } = await remotemedia(...words);
      expect(exitCode, stderr).toBe(0);
    }
    const { exitCode, stdout, stderr } = await run("calculator.rmpkg");
    expect(exitCode, stderr).toBe(0);
    expect(stdout.match(/(?<="json":)\d+/g)).toEqual(["12", "14", "16"]);
    const changed = readFileSync(scratch.file("calculator.rmpkg"), "latin1").replace("AddNode", "addNode");
    writeFileSync(scratch.file("changed.rmpkg"), changed, "latin1");
    expect(await run("changed.rmpkg")).toMatchObject({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringContaining("digest-mismatch"),
    });
  });

  test.runIf(canRun && hasClang)(
    "prepares components that it has never seen, by direct entry and through jco's glue",
    async () => {
      for (const name of ["tone-detector", "tone-detector-stdio"]) await placeRecipe(name);
      const limits = { max_execution_ms: 60_000 };
      const manifest = {
        version: "v1",
        modules: { Direct: { path: "tone-detector.wasm" }, Glue: { path: "tone-detector-stdio.wasm" } },
        nodes: [
          { id: "hand-on", node_type: "PassThrough" },
          { id: "direct", node_type: "Direct", limits },
          { id: "glue", node_type: "Glue", limits, grants: { filesystem: { read: [] } } },
        ],
        connections: [
          { from: "hand-on", to: "direct" },
          { from: "hand-on", to: "glue" },
        ],
      };
      writeFileSync(scratch.file("pipeline.json"), JSON.stringify(manifest));
      const clip = join(root, "examples/speech-gate/speech.wav");
      const { exitCode, stderr } = await remotemedia(
        "run",
        "pipeline.json",
        "--input",
        clip,
        "--report",
        "report.json",
      );
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      const { nodes } = JSON.parse(readFileSync(scratch.file("report.json"), "utf8"));
      const counts = nodes.map(({ node, frames_in, errors }: Record<string, unknown>) => [
        node,
        frames_in,
        errors,
      ]);
      expect(counts).toEqual(["hand-on", "direct", "glue"].map((node) => [node, 402, []]));
    },
  );

  // Compiling the 12 MB engine takes minutes under emulation: there, glue is tried with the node in C alone.
  if (prefix !== "") return;
  test("runs nodes written in JavaScript, says that preparing them takes a moment, and keeps what it prepared", async () => {
    for (const name of ["json-pick", "json-pick-wasi"]) await placeRecipe(name);
    const manifest = {
      version: "v1",
      modules: { Pick: { path: "json-pick.wasm" }, PickWasi: { path: "json-pick-wasi.wasm" } },
      nodes: [
        { id: "one", node_type: "Pick", params: { fields: ["a", "b.c"] } },
        {
          id: "two",
          node_type: "PickWasi",
          params: { fields: ["a"] },
          grants: { filesystem: { read: [] } },
        },
      ],
      connections: [{ from: "one", to: "two" }],
    };
    writeFileSync(scratch.file("javascript.json"), JSON.stringify(manifest));
    writeFileSync(scratch.file("input.json"), '[{ "a": 1, "b": { "c": 2 } }, { "a": 5 }]');
    const first = await remotemedia("run", "javascript.json", "--input", "input.json");
    expect(
      first.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).json),
    ).toEqual([{ a: 1 }, { a: 5 }]);
    expect(first.stderr).toContain("preparing json-pick.wasm");
    const second = await remotemedia("run", "javascript.json", "--input", "input.json");
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr).not.toContain("preparing");
  });
});
