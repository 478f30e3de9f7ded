// scripts/bench: measures, prints the table, writes dist/bench.json.
import { cpus } from "node:os";
import { join } from "node:path";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { createChildSpawner } from "../../platform/process/spawn-child.ts";
import { checkout } from "../support/sandbox.ts";
import { benchAudio } from "./bench-audio.ts";
import { benchCalls } from "./bench-calls.ts";
import { benchCapture } from "./bench-capture.ts";
import { benchFailover } from "./bench-failover.ts";
import { benchFuel } from "./bench-fuel.ts";
import { benchKill } from "./bench-kill.ts";
import { benchOffload } from "./bench-offload.ts";
import { benchPackage } from "./bench-package.ts";
import { benchPeers } from "./bench-peers.ts";
import { benchProbe } from "./bench-probe.ts";
import { benchSoak } from "./bench-soak.ts";
import { benchStart } from "./bench-start.ts";
import { printTable } from "./print-table.ts";
import type { Row } from "./row.ts";

const binary = join(checkout, `dist/remotemedia-linux-${process.arch}`);

const groups: Record<string, () => Promise<Row[]>> = {
  calls: () => withPool(benchCalls),
  kill: () => withPool(benchKill),
  start: () => benchStart(binary),
  fuel: benchFuel,
  audio: () => benchAudio(binary),
  probe: () => benchProbe(binary),
  capture: () => withPool(benchCapture),
  package: () => benchPackage(binary),
  failover: () => benchFailover(binary),
  offload: benchOffload,
  peers: () => benchPeers(binary),
  soak: benchSoak,
};

async function withPool(measure: (pool: SandboxPool) => Promise<Row[]>): Promise<Row[]> {
  await using pool = new SandboxPool({
    spawner: createChildSpawner({ command: [binary], capAddressSpace: true }),
  });
  return await measure(pool);
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in groups));
if (unknown !== undefined) {
  console.error(`bench: there is no group ${unknown}; there are ${Object.keys(groups).join(", ")}`);
  process.exit(2);
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`bench: ${name}`);
  rows.push(...(await measure()));
}
const machine = {
  cpu: cpus()[0]?.model ?? "",
  cores: cpus().length,
  bun: Bun.version,
  date: new Date().toISOString(),
};
printTable(rows);
await Bun.write(join(checkout, "dist/bench.json"), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
console.error("bench: written to dist/bench.json");
process.exit(0);
