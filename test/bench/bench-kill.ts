// How fast a loop dies under its limit, and how soon the next frame is handled.
import type { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { chainRunner, prepareHere } from "../support/sandbox.ts";
import { buildBenchGuest } from "./bench-guest.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const limitMs = 250;
const runs = 20;

/** The guest loops on frames whose pts is odd and echoes the others. */
export async function benchKill(pool: SandboxPool): Promise<Row[]> {
  const preparation = await prepareHere(await buildBenchGuest("looping"));
  const runner = chainRunner(pool, [{ preparation, limits: { maxExecutionMs: limitMs } }]);
  await runner.open();
  const dead: number[] = [];
  const next: number[] = [];
  const data = new Uint8Array(16);
  for (let run = 0; run < runs; run++) {
    await runner.process({ port: "in", pts: 0, payload: { kind: "bytes" }, data });
    // A spare is ready by then, as it is in a pipeline whose kills are further apart than a child's start.
    await Bun.sleep(100);
    const started = performance.now();
    const looping = runner.process({ port: "in", pts: 1, payload: { kind: "bytes" }, data });
    const following = runner.process({ port: "in", pts: 2, payload: { kind: "bytes" }, data });
    await looping;
    const killed = performance.now();
    await following;
    dead.push(killed - started);
    next.push(performance.now() - killed);
  }
  await runner.close();
  return [
    rowOf("kill", "a loop under a 250 ms limit is dead after", "ms", summarise(dead), {
      goal: 270,
      goalUpper: 270,
    }),
    rowOf("kill", "its pipeline handles the next frame after", "ms", summarise(next), {
      goal: 50,
      goalUpper: 50,
    }),
  ];
}
