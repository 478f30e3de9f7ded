// `probe` as users see it: this machine, a recorded board, nonsense in its place, and watching.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseStatement } from "../../agent/capability/statement.ts";
import { Scratch } from "./program.ts";

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

const cpuinfo =
  "processor\t: 0\nBogoMIPS\t: 54.00\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n";

/** A folder with the few files of a small board. */
function writeBoard(name: string, files: Readonly<Record<string, string>>): string {
  const folder = scratch.file(name);
  const board = {
    "board.json": JSON.stringify({
      schema: 1,
      recorded: "2026-01-02T03:04:05Z",
      by: "documentation",
      sources: [],
    }),
    "proc/cpuinfo": cpuinfo,
    "proc/meminfo": "MemTotal:        1048576 kB\nMemAvailable:     524288 kB\n",
    "proc/loadavg": "0.25 0.20 0.10 1/100 1000\n",
    "proc/device-tree/model": "Tiny Board Rev 1\0",
    "etc/hostname": "tiny\n",
    "answers/storage.json": JSON.stringify({ "/": { totalBytes: 2 ** 33, freeBytes: 2 ** 32 } }),
    ...files,
  };
  for (const [path, text] of Object.entries(board)) {
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    writeFileSync(`${folder}/${path}`, text);
  }
  return folder;
}

describe("probe", () => {
  test("gives this machine's statement, which agrees with what the kernel says", async () => {
    const { exitCode, stdout, stderr } = await scratch.run(["probe", "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const statement = parseStatement(JSON.parse(stdout));
    expect(stdout).toBe(`${JSON.stringify(statement, undefined, 2)}\n`);
    const totalKib = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))![1]);
    expect(statement.memory_gb).toBe(Math.floor((totalKib / 2 ** 20) * 100) / 100);
    expect(statement.cpu.cores).toBe(availableParallelism());
    expect(statement.node_types).toEqual(expect.arrayContaining(["CameraSource", "PassThrough"]));
    expect(Math.abs(Date.now() - Date.parse(statement.time))).toBeLessThan(60_000);
  });

  test("tells of the sandbox what the doctor finds out by starting one", async () => {
    const [probe, doctor] = await Promise.all([
      scratch.run(["probe", "--json"]),
      scratch.run(["doctor", "--json"]),
    ]);
    const checks = new Map<string, string>(
      JSON.parse(doctor.stdout).checks.map(({ name, status }: { name: string; status: string }) => [
        name,
        status,
      ]),
    );
    const { sandbox, absent } = parseStatement(JSON.parse(probe.stdout));
    for (const layer of ["seccomp", "cgroup"] as const) {
      expect(sandbox[layer]).toBe(checks.get(layer) === "ok");
      expect(absent.some(({ about }) => about === `sandbox.${layer}`)).toBe(!sandbox[layer]);
    }
  });

  test("shows people a page, with what is missing and why", async () => {
    const { exitCode, stdout } = await scratch.run(["probe"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ {2}cpu +.*\d+ × \w+/m);
    expect(stdout).toMatch(/^ {2}memory +[\d.]+ GiB$/m);
    expect(stdout).toMatch(/^What is missing, and why:$/m);
  });

  test("tells that FFmpeg is missing where it is, with the mend", async () => {
    const { stdout } = await scratch.start(["probe", "--json"], "", { environment: { PATH: scratch.folder } })
      .ended;
    const { codecs, absent } = parseStatement(JSON.parse(stdout));
    expect(codecs).toEqual({});
    expect(absent).toContainEqual(
      expect.objectContaining({
        about: "codecs",
        code: "not-present",
        mend: expect.stringContaining("ffmpeg"),
      }),
    );
  });
});

describe("probe --root", () => {
  test("gives a recorded board's statement and nothing of this machine", async () => {
    const words = ["probe", "--json", "--root", writeBoard("tiny", {})];
    const { exitCode, stdout, stderr } = await scratch.run(words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const statement = parseStatement(JSON.parse(stdout));
    expect(statement).toMatchObject({
      device: "tiny",
      time: "2026-01-02T03:04:05.000Z",
      board: { model: "Tiny Board" },
      cpu: { cores: 1, arch: "aarch64" },
      memory_gb: 1,
      storage_gb: 4,
      codecs: {},
      node_types: [],
      load: { cpu: 0.25, memory: 0.5 },
      network: [],
    });
    expect((await scratch.run(words)).stdout).toBe(stdout);
  });

  test("survives a board whose files make no sense", async () => {
    const folder = writeBoard("torn", {
      "proc/cpuinfo": "processor: \u0000\ufffd",
      "proc/meminfo": "MemTotal: many kB",
      "proc/loadavg": "NaN",
      "etc/hostname": "evil\u001b[2J\u202ename\n",
      "answers/nodes.json": '{"/dev/video0": 7',
      "answers/storage.json": "[]",
    });
    symlinkSync("/etc/passwd", `${folder}/etc/os-release`);
    const { exitCode, stdout } = await scratch.run(["probe", "--json", "--root", folder]);
    expect(exitCode).toBe(0);
    expect(parseStatement(JSON.parse(stdout)).device).not.toMatch(/\p{C}/u);
    const page = await scratch.run(["probe", "--root", folder]);
    expect(page.exitCode).toBe(0);
    expect(page.stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(page.stdout).not.toContain("root:");
  });

  test.each([
    ["that isn't there", () => scratch.file("nowhere")],
    ["that is a file", () => `${writeBoard("file", {})}/board.json`],
    ["that is no board", () => scratch.folder],
  ])("refuses a folder %s with 2", async (_, root) => {
    const { exitCode, stdout, stderr } = await scratch.run(["probe", "--json", "--root", root()]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(JSON.parse(stderr).error.code).toBe("board-invalid");
  });

  test("has nothing to watch", async () => {
    const { exitCode, stderr } = await scratch.run(["probe", "--watch", "--root", scratch.folder]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("a recorded board doesn't change");
  });
});

describe("probe --watch", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "gives a statement a line and ends with 0 by %s",
    async (signal) => {
      const program = scratch.start(["probe", "--watch", "--json"], "open");
      await program.printed("\n");
      program.process.kill(signal);
      const { exitCode, stdout, stderr } = await program.ended;
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      for (const line of stdout.trimEnd().split("\n")) parseStatement(JSON.parse(line));
    },
  );

  test("ends with 0 when its reader has seen enough, without waiting for a change", async () => {
    const line = `remotemedia probe --watch --json | head -c 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await scratch.shell(line);
    expect({ stdout, stderr }).toEqual({ stdout: "{0\n", stderr: "" });
  });
});
