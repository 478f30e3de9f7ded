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

  test("explains where each node runs, on a page and in JSON, and leaves that out otherwise", async () => {
    const page = await scratch.run(["validate", calculator, "--explain"]);
    expect(page.exitCode).toBe(0);
    expect(page.stdout).toMatch(/ {2}node +place +verdict +score +because\n/);
    expect(page.stdout).toMatch(/ {2}double +local +chosen +[\d.]+ ms {2}computes in [\d.]+ ms, a guess\n/);
    const { placement } = JSON.parse(
      (await scratch.run(["validate", calculator, "--explain", "--json"])).stdout,
    );
    expect(placement).toMatchObject([
      {
        node: "double",
        place: "local",
        considered: [{ verdict: "chosen", times_ms: { compute_is: "guessed" } }],
      },
      { node: "plus-ten", place: "local" },
    ]);
    expect((await scratch.run(["validate", calculator])).stdout).not.toContain("verdict");
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

describe("validate of what this machine can't do", () => {
  function write(capabilities: object): string {
    const file = scratch.file("needy.json");
    const nodes = [{ id: "a", node_type: "PassThrough", capabilities }];
    writeFileSync(file, JSON.stringify({ version: "v1", metadata: { name: "x" }, nodes, connections: [] }));
    return file;
  }

  test("tells which node runs without what it prefers", async () => {
    const file = write({ gpu: { type: "metal", required: false, preferred: true } });
    const page = await scratch.run(["validate", file]);
    expect(page.exitCode).toBe(0);
    expect(page.stdout).toContain(
      "  a will run without what it prefers: prefers a GPU (metal), and there is ",
    );
    const { nodes } = JSON.parse((await scratch.run(["validate", file, "--json"])).stdout);
    expect(nodes[0].missing).toEqual([expect.stringContaining("prefers a GPU (metal)")]);
  });

  test("refuses with 4 what is pinned to a host or to peers, while none are known", async () => {
    const file = scratch.file("pinned.json");
    const nodes = [
      { id: "a", node_type: "PassThrough", host: "gpu-server" },
      { id: "b", node_type: "PassThrough", placement: { prefer: ["peer"] } },
    ];
    writeFileSync(file, JSON.stringify({ version: "v1", metadata: { name: "x" }, nodes, connections: [] }));
    const { exitCode, stderr } = await scratch.run(["validate", file]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain(
      'no place for "a": it is pinned to "gpu-server", and no peers are known; local:',
    );
    expect(stderr).toContain('no place for "b": no peers are known; local:');
  });

  test("refuses with 4 and every reason what it requires", async () => {
    const { exitCode, stderr } = await scratch.run([
      "validate",
      write({ gpu: { type: "metal" }, memory_gb: 900_000 }),
    ]);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(
      /no place for "a": local: needs a GPU \(metal\), .*; needs 900000 GB of memory, and/,
    );
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

  test("looks at devices, each with its own line", async () => {
    const { stdout } = await scratch.run(["doctor"]);
    for (const name of ["cameras", "microphones", "speakers", "gpu", "codecs"]) {
      expect(stdout).toMatch(new RegExp(`^(ok|warn) +${name} +\\S`, "m"));
    }
  });

  test("misses ffmpeg without failing, since WAV and JSON work without", async () => {
    const environment = { PATH: scratch.folder };
    const { exitCode, stdout } = await scratch.start(["doctor"], "", { environment }).ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^missing ffmpeg .*\n +→ .*ffmpeg/im);
  });

  test("fails where no temporary file can be made", async () => {
    const environment = { TMPDIR: scratch.file("nowhere") };
    const { exitCode, stdout } = await scratch.start(["doctor"], "", { environment }).ended;
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^missing temporary .*\n +→ /m);
  });
});

describe("what must never happen", () => {
  test.each([
    ["a promise that nobody waits for", "void Promise.reject(new TypeError('lost'))"],
    ["a callback that throws", "throw new TypeError('lost')"],
  ])("%s ends with 70 and says whose fault it is", async (_, defect) => {
    // Its own: nothing is tidied up by a program that doesn't know its state any more.
    using scratch = new Scratch();
    const preload = scratch.file("defect.ts");
    writeFileSync(preload, `process.on("SIGUSR2", () => { ${defect}; });`);
    const words = ["run", calculator, "--input", "-"];
    const program = scratch.start(words, "open", { bunOptions: ["--preload", preload] });
    program.process.stdin.write("1\n");
    await program.process.stdin.flush();
    await program.printed('"json":12');
    program.process.kill("SIGUSR2");
    const { exitCode, stderr } = await program.ended;
    expect(exitCode).toBe(70);
    expect(stderr).toMatch(/^error: lost \[internal\]\n {3}do: this is a defect of remotemedia/);
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

  test("does not pass over a result that can't be written", async () => {
    const { stdout, stderr } = await scratch.shell("remotemedia --help > /dev/full; echo $?");
    expect(stdout).toBe("1\n");
    expect(stderr).toContain("[output-failed]");
  });

  test("is silent when its reader has seen enough", async () => {
    const { stdout, stderr } = await scratch.shell(
      `remotemedia nodes --json | true; echo "\${PIPESTATUS[0]}"`,
    );
    expect({ stdout, stderr }).toEqual({ stdout: "0\n", stderr: "" });
  });

  const mistakes: readonly (readonly [string, readonly string[], string])[] = [
    ["an unknown command", ["rnu", "x"], "did you mean run?"],
    ["an unknown option", ["run", "x", "--inptu", "y"], "did you mean --input?"],
    ["a missing operand", ["run"], "PIPELINE is missing"],
    ["a word too many", ["nodes", "a", "b"], "one word too many: b"],
    ["a command of a later version", ["pair"], "not part of this version"],
    ["an unknown setting in the environment", ["run", "x"], "REMOTEMEDIA_HOME"],
  ];
  test.each(mistakes)("refuses %s with 2", async (_, words, said) => {
    const wrongSetting = said === "REMOTEMEDIA_HOME";
    const environment: Record<string, string> = wrongSetting ? { REMOTEMEDIA_HOEM: "/x" } : {};
    const { exitCode, stderr } = await scratch.start(words, "", { environment }).ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
  });
});
