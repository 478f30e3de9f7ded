// `validate`, `nodes`, `doctor`, help and version as users see them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { version } from "../../package.json";
import { Scratch } from "./program.ts";

const calculator = join(import.meta.dirname, "../../examples/calculator");

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
});
afterAll(() => {
  scratch[Symbol.dispose]();
});

function writeBroken(): string {
  const file = scratch.file("broken.json");
  const nodes = [
    { id: "a", node_type: "MultiplyNod" },
    { id: "b", node_type: "AddNode", params: { addnd: 3 } },
  ];
  const manifest = { version: "v1", metadata: { name: "x" }, nodes, connections: [{ from: "a", to: "c" }] };
  writeFileSync(file, JSON.stringify(manifest, undefined, 2));
  return file;
}

describe("validate", () => {
  test("shows nodes, stages, modules and open ends", async () => {
    const { exitCode, stdout, stderr } = await scratch.run(["validate", calculator]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^ok: calculator /);
    expect(stdout).toMatch(/double +MultiplyNode +stage-1/);
    expect(stdout).toMatch(/plus-ten +AddNode +stage-1 +shares the child of double/);
    expect(stdout).toMatch(/takes --input: double\.in \(.*json/);
    expect(stdout).toMatch(/gives --output: plus-ten\.out/);
  });

  test("gives the same as one JSON document", async () => {
    const { stdout } = await scratch.run(["validate", calculator, "--json"]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ ok: true, name: "calculator", inputs: [{ port: "double.in" }] });
    expect(document.stages).toEqual([{ id: "stage-1", nodes: ["double", "plus-ten"], placed_on: "local" }]);
    expect(document.modules[0]).toMatchObject({ node_type: "MultiplyNode", entry: "direct" });
  });

  test("tells every mistake with its place and what to do", async () => {
    const file = writeBroken();
    const { exitCode, stdout, stderr } = await scratch.run(["validate", file]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(9);
    expect(lines[0]).toBe('error: unknown node type "MultiplyNod" [node-unknown]');
    expect(lines[1]).toMatch(/^ {3}at: .*broken\.json:9:20 nodes\[0\]\.node_type \(node a\)$/);
    expect(lines[2]).toBe('   do: did you mean "MultiplyNode"?');
    expect(lines[5]).toBe('   do: did you mean "addend"?');
  });

  test("tells every mistake in JSON", async () => {
    const { stderr } = await scratch.run(["validate", writeBroken(), "--json"]);
    const { error, problems } = JSON.parse(stderr);
    expect(error.code).toBe("node-unknown");
    expect(problems.map(({ code }: { code: string }) => code)).toEqual([
      "node-unknown",
      "node-invalid-params",
      "manifest-graph",
    ]);
  });
});

describe("nodes", () => {
  test("lists the built-in types", async () => {
    const { exitCode, stdout } = await scratch.run(["nodes"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^MultiplyNode +in +out +Multiplies numbers/m);
  });

  test("shows one with ports, params and a line for a manifest that is valid", async () => {
    const { stdout } = await scratch.run(["nodes", "MultiplyNode"]);
    expect(stdout).toMatch(/^ {2}in: json, audio, tensor$/m);
    expect(stdout).toMatch(/^ {2}factor +number +2 /m);
    const node = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(node).toEqual({ id: "multiply", node_type: "MultiplyNode", params: { factor: 2 } });
  });

  test("gives descriptors as JSON, one or all", async () => {
    const all = JSON.parse((await scratch.run(["nodes", "--json"])).stdout);
    const one = JSON.parse((await scratch.run(["nodes", "AddNode", "--json"])).stdout);
    expect(one.name).toBe("AddNode");
    expect(all.nodes).toContainEqual(one);
  });

  test("knows the nearest name of one that is unknown", async () => {
    const { exitCode, stderr } = await scratch.run(["nodes", "Multiplynod"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("did you mean MultiplyNode?");
  });
});

describe("doctor", () => {
  test("finds the sandbox whole where pipelines run, and gives a mend for what isn't well", async () => {
    const { exitCode, stdout } = await scratch.run(["doctor", "--json"]);
    const { ok, checks } = JSON.parse(stdout);
    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    const byName = new Map<string, { status: string; mend?: string }>(
      checks.map((check: { name: string }) => [check.name, check]),
    );
    expect(byName.get("sandbox")?.status).toBe("ok");
    expect(byName.get("address space")?.status).toBe("ok");
    for (const { status, mend } of byName.values()) expect(mend === undefined).toBe(status === "ok");
  });

  test("misses ffmpeg without failing, since WAV and JSON work without", async () => {
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dirname, "../../agent/cli/main.ts"), "doctor"],
      {
        env: { ...scratch.environment, PATH: scratch.folder, NO_COLOR: "1" },
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const stdout = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(stdout).toMatch(/^missing ffmpeg .*\n +→ .*ffmpeg/im);
  });

  test("fails where no temporary file can be made", async () => {
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dirname, "../../agent/cli/main.ts"), "doctor"],
      { env: { ...scratch.environment, TMPDIR: scratch.file("nowhere") }, stdout: "pipe", stderr: "pipe" },
    );
    const stdout = await new Response(child.stdout).text();
    expect(await child.exited).toBe(1);
    expect(stdout).toMatch(/^missing temporary .*\n +→ /m);
  });
});

describe("the command line", () => {
  test("shows the version of package.json", async () => {
    expect((await scratch.run(["--version"])).stdout).toBe(`remotemedia ${version}\n`);
  });

  test("shows help for every command in two ways, and on stderr when nothing was asked", async () => {
    const overview = await scratch.run(["--help"]);
    expect(overview.exitCode).toBe(0);
    const [byOption, byCommand] = [await scratch.run(["run", "-h"]), await scratch.run(["help", "run"])];
    expect(byOption.stdout).toBe(byCommand.stdout);
    expect(byOption.stdout).toContain("--report FILE");
    expect(await scratch.run([])).toEqual({ exitCode: 2, stdout: "", stderr: overview.stdout });
  });

  const mistakes: readonly (readonly [string, readonly string[], string])[] = [
    ["an unknown command", ["rnu", "x"], "did you mean run?"],
    ["an unknown option", ["run", "x", "--inptu", "y"], "did you mean --input?"],
    ["a missing operand", ["run"], "PIPELINE is missing"],
    ["a word too many", ["nodes", "a", "b"], "one word too many: b"],
    ["a command of a later version", ["probe"], "not part of this version"],
    ["an unknown setting in the environment", ["run", "x"], "REMOTEMEDIA_HOME"],
  ];
  test.each(mistakes)("refuses %s with 2", async (_, words, said) => {
    const wrongSetting = said === "REMOTEMEDIA_HOME";
    const { exitCode, stderr } = wrongSetting
      ? await scratch.shell("REMOTEMEDIA_HOEM=/x remotemedia run x")
      : await scratch.run(words);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
  });
});
