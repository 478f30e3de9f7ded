// How fast a loop dies under its limit, and how soon the next frame is handled.
import type { Frame } from "../../agent/node/frame.ts";
import type { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { readGuest } from "../hostile/guest.ts";
import { chainRunner, prepareHere } from "../support/sandbox.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const limitMs = 250;
const runs = 20;

/** The guest loops on frames that begin with 1 and echoes the others. */
export async function benchKill(pool: SandboxPool): Promise<Row[]> {
  const preparation = await prepareHere(await readGuest("looper"));
  const runner = chainRunner(pool, [{ preparation, limits: { maxExecutionMs: limitMs } }]);
  await runner.open();
  const dead: number[] = [];
  const next: number[] = [];
  const frame = (command: number): Frame => {
    return { port: "in", pts: 0, payload: { kind: "bytes" }, data: new Uint8Array(16).fill(command) };
  };
  for (let run = 0; run < runs; run++) {
    await runner.process(frame(0));
    // A spare is ready by then, as it is in a pipeline whose kills are further apart than a child's start.
    await Bun.sleep(100);
    const started = performance.now();
    const looping = runner.process(frame(1));
    const following = runner.process(frame(0));
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
