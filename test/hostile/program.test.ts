// Hostile modules through the program itself: its exit code, its report, and nothing left when it has ended.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "../../agent/executor/report.ts";
import { checkoutCommand } from "../support/sandbox.ts";
import { buildGuest, guestText, readGuest } from "./guest.ts";

const folder = mkdtempSync(join(tmpdir(), "hostile-program-"));
const temporary = join(folder, "tmp");
const at = (name: string) => join(folder, name);
let runs = 0;

beforeAll(() => mkdirSync(temporary));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly report: RunReport | undefined;
}

/** Runs a pipeline of one module as the operator would. `frames` are first bytes: what the guest is told to do. */
function runModule(module: Uint8Array, frames: readonly number[], node: object = {}): Ended {
  const name = `run${++runs}`;
  writeFileSync(at(`${name}.wasm`), module);
  const manifest = {
    version: "v1",
    metadata: { name },
    modules: { Hostile: { path: `${name}.wasm` } },
    nodes: [{ id: "node", node_type: "Hostile", params: {}, ...node }],
    connections: [],
  };
  writeFileSync(at(`${name}.json`), JSON.stringify(manifest));
  // A frame's text is its data: the first character is the command.
  const lines = frames.map((command, pts) =>
    JSON.stringify({ port: "in", pts, text: String.fromCharCode(command, 65 + pts) }),
  );
  writeFileSync(at(`${name}.ndjson`), `${lines.join("\n")}\n`);
  const report = at(`${name}.report.json`);
  const [command, ...first] = checkoutCommand.command;
  const ended = spawnSync(
    command!,
    [
      ...first,
      "run",
      at(`${name}.json`),
      "--input",
      at(`${name}.ndjson`),
      "--output",
      "-",
      "--report",
      report,
    ],
    {
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, TMPDIR: temporary, REMOTEMEDIA_HOME: at("home"), NO_COLOR: "1" },
    },
  );
  return {
    exitCode: ended.status,
    stdout: ended.stdout,
    stderr: ended.stderr,
    report: existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined,
  };
}

function delivered({ stdout }: Ended): number[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).pts);
}

function expectNothingLeft(): void {
  expect(readdirSync(temporary)).toEqual([]);
  const running = readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && workingFolder(pid).startsWith(temporary),
  );
  expect(running).toEqual([]);
}

/** Where a process works: a sandbox child in a folder of its own, gone or not. */
function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

describe("the program, with a module that", () => {
  it("loops on every third frame, delivers the other frames in order, and reports each loop", async () => {
    const module = await readGuest("looper");
    const ended = runModule(module, [0, 0, 1, 0, 0, 1, 0], { limits: { max_execution_ms: 250 } });
    expect(ended.exitCode).toBe(0);
    expect(delivered(ended)).toEqual([0, 1, 3, 4, 6]);
    expect(ended.report).toMatchObject({ outcome: "done", frames_in: 7, frames_out: 5, frames_dropped: 2 });
    expect(ended.report!.nodes[0]!.errors).toMatchObject([
      { node: "node", node_type: "Hostile", code: "node-timeout", frame_pts: 2 },
      { node: "node", node_type: "Hostile", code: "node-timeout", frame_pts: 5 },
    ]);
    expectNothingLeft();
  });

  it("traps every time is given up with exit code 1", async () => {
    const ended = runModule(await readGuest("trapper"), [0, 1, 1, 1, 1, 0], {
      on_error: { action: "restart", give_up_after: 3 },
    });
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain("unreachable");
    expect(ended.report).toMatchObject({ outcome: "failed", error: { code: "node-gave-up" } });
    expectNothingLeft();
  });

  it.each<[what: string, exitCode: number, code: string, make: () => Promise<Uint8Array>]>([
    ["is not WASM", 2, "module-invalid", async () => new TextEncoder().encode("not wasm")],
    ["is a core module", 2, "module-invalid", async () => new Uint8Array(await parse(await guestText({})))],
    ["declares too much memory", 2, "module-limit", () => buildGuest({ memory: "5000" })],
    [
      "imports the network",
      3,
      "module-import-denied",
      async () => new Uint8Array(await parse('(component (import "wasi:sockets/tcp@0.2.0" (instance)))')),
    ],
    [
      "loops in open",
      1,
      "node-timeout",
      () => buildGuest({ open: "(loop $again (br $again)) (i32.const 0)" }),
    ],
    [
      "refuses its params",
      2,
      "node-invalid-params",
      () => buildGuest({ open: "(call $failure (i32.const 0) (i32.const 8) (i32.const 3))" }),
    ],
  ])("%s ends with exit code %i, %s", async (_what, exitCode, code, make) => {
    const ended = runModule(await make(), [0], { limits: { max_execution_ms: 300 } });
    expect([ended.exitCode, ended.stdout]).toEqual([exitCode, ""]);
    expect(ended.report).toMatchObject({ outcome: "failed", error: { code } });
    expect(ended.stderr).not.toContain("    at ");
    expectNothingLeft();
  });

  it("floods the log doesn't flood the terminal", async () => {
    const imports = '(import "remotemedia:node/log@1.0.0" "write" (func $log (param i32 i32 i32)))';
    const ended = runModule(await readGuest("logger", { imports }), [1]);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr.split("hello").length).toBeLessThan(500);
    expectNothingLeft();
  });
});
