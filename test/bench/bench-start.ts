// How long things take to start, and what they hold while they do nothing.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rehearsal } from "../../agent/main/rehearsal.ts";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { sharedBytesFor } from "../../agent/sandbox/shared-layout.ts";
import { createChildSpawner } from "../../platform/process/spawn-child.ts";
import { chainRunner, checkout } from "../support/sandbox.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const runs = 15;
const mebibyte = 1024 * 1024;

/** `binary` is the compiled program: what a user starts. */
export async function benchStart(binary: string): Promise<Row[]> {
  return [...(await benchStages(binary)), await benchChildMemory(binary), ...(await benchRun(binary))];
}

async function benchStages(binary: string): Promise<Row[]> {
  const spawner = createChildSpawner({ command: [binary], capAddressSpace: true });
  const { builtinNodes } = await import("../../dist/nodes/index.ts");
  const preparation = builtinNodes.get("PassThrough")!.preparation();
  const timeOpen = async (pool: SandboxPool) => {
    const runner = chainRunner(pool, [{ preparation }]);
    const started = performance.now();
    await runner.open();
    const opened = performance.now() - started;
    await runner.close();
    return opened;
  };
  const cold: number[] = [];
  for (let run = 0; run < runs; run++) {
    await using pool = new SandboxPool({ spawner, refillMs: 60_000 });
    cold.push(await timeOpen(pool));
  }
  await using pool = new SandboxPool({ spawner, refillMs: 0, rehearsal: rehearsal() });
  await timeOpen(pool);
  const warm: number[] = [];
  for (let run = 0; run < runs; run++) {
    await Bun.sleep(120);
    warm.push(await timeOpen(pool));
  }
  return [
    rowOf("start", "a stage in a new child", "ms", summarise(cold), { goal: 25 }),
    rowOf("start", "a stage in a child from the pool", "ms", summarise(warm), { goal: 3 }),
  ];
}

async function benchChildMemory(binary: string): Promise<Row> {
  const spawner = createChildSpawner({ command: [binary], capAddressSpace: true });
  // Two of them: what a child shares with its parent and its like is not its own.
  const children = [1, 2].map(() =>
    spawner.spawn({ role: "sandbox", sharedBytes: sharedBytesFor(), addressSpaceBytes: 2048 * mebibyte }),
  );
  await Bun.sleep(400);
  const { privateBytes } = await readMemory(children[0]!.pid);
  for (const child of children) {
    child.kill();
    await child.exited;
    child.release();
  }
  return {
    group: "memory",
    name: "private, of a child before its guest",
    unit: "MiB",
    value: privateBytes / mebibyte,
    goal: 8,
  };
}

async function benchRun(binary: string): Promise<Row[]> {
  const home = await mkdtemp(join(tmpdir(), "remotemedia-bench-"));
  const example = join(checkout, "examples/calculator");
  const command = [
    binary,
    "run",
    join(example, "pipeline.json"),
    "--input",
    join(example, "input.json"),
    "--output",
    "-",
    "--quiet",
  ];
  const env = { ...process.env, REMOTEMEDIA_HOME: home };
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await Bun.spawn(command, { stdout: "ignore", stderr: "ignore", env }).exited;
    times.push(performance.now() - started);
  }
  const idle = Bun.spawn(
    [binary, "run", join(example, "pipeline.json"), "--input", "-", "--output", "-", "--quiet"],
    {
      stdin: "pipe",
      stdout: "ignore",
      stderr: "ignore",
      env,
    },
  );
  await Bun.sleep(1500);
  const { proportionalBytes } = await readMemory(idle.pid);
  idle.kill("SIGKILL");
  await idle.exited;
  await rm(home, { recursive: true, force: true });
  return [
    rowOf("start", "remotemedia run of the calculator, whole process", "ms", summarise(times), { goal: 150 }),
    {
      group: "memory",
      name: "PSS of a run that waits for input, parent",
      unit: "MiB",
      value: proportionalBytes / mebibyte,
      goal: 45,
    },
  ];
}

async function readMemory(pid: number): Promise<{ privateBytes: number; proportionalBytes: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { privateBytes: field("Private_Clean") + field("Private_Dirty"), proportionalBytes: field("Pss") };
}
