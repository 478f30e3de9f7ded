// How long a probe takes as a whole process, natively and under user-mode emulation, and what watching costs.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout } from "../support/sandbox.ts";
import { scheduledMs } from "./process-time.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const arm64 = {
  emulator: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
  binary: join(checkout, "dist/remotemedia-linux-arm64"),
};
const watchSettleMs = 5_000;
const watchMs = 60_000;

export async function benchProbe(binary: string): Promise<Row[]> {
  const home = await mkdtemp(join(tmpdir(), "remotemedia-bench-"));
  try {
    const rows = [
      rowOf(
        "probe",
        "remotemedia probe, first time",
        "ms",
        summarise(await time([binary], 5, () => fresh(home))),
        {
          goal: 300,
        },
      ),
      rowOf("probe", "remotemedia probe", "ms", summarise(await time([binary], 15, () => home)), {
        goal: 300,
      }),
    ];
    if (process.arch === "x64" && Bun.which(arm64.emulator[0]!) !== null) {
      const emulated = await time([...arm64.emulator, arm64.binary], 5, () => home, arm64.emulator);
      rows.push(rowOf("probe", "the same for arm64 under QEMU", "ms", summarise(emulated), { goal: 1500 }));
    }
    return [...rows, await benchWatch(binary, home)];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function fresh(home: string): Promise<string> {
  const folder = join(home, "fresh");
  await rm(folder, { recursive: true, force: true });
  return folder;
}

async function time(
  command: readonly string[],
  runs: number,
  home: () => Promise<string> | string,
  emulator: readonly string[] = [],
): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const environment = { ...process.env, REMOTEMEDIA_HOME: await home() };
    const more = emulator.length === 0 ? {} : { REMOTEMEDIA_EMULATOR: emulator.join(" ") };
    const started = performance.now();
    const child = Bun.spawn([...command, "probe", "--json"], {
      env: { ...environment, ...more },
      stdout: "ignore",
      stderr: "inherit",
    });
    await child.exited;
    // The first reads the binary from the disk.
    if (run > 0) times.push(performance.now() - started);
  }
  return times;
}

async function benchWatch(binary: string, home: string): Promise<Row> {
  const child = Bun.spawn([binary, "probe", "--watch", "--json"], {
    env: { ...process.env, REMOTEMEDIA_HOME: home },
    stdout: "ignore",
    stderr: "inherit",
  });
  await Bun.sleep(watchSettleMs);
  const before = scheduledMs(child.pid);
  await Bun.sleep(watchMs);
  const share = ((scheduledMs(child.pid) - before) / watchMs) * 100;
  child.kill("SIGTERM");
  await child.exited;
  return {
    group: "probe",
    name: "probe --watch, nothing changing, of a core",
    unit: "%",
    value: share,
    goal: 0.2,
  };
}
