// What a spare child rehearses leaves no trace in the stage that it then runs.
import { afterAll, expect, it } from "vitest";
import { rehearsal } from "../../../agent/main/rehearsal.ts";
import { SandboxPool } from "../../../agent/sandbox/sandbox-pool.ts";
import { StageRunner } from "../../../agent/sandbox/stage-runner.ts";
import type { ChildSpawner } from "../../../platform/contract/process.ts";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";
import { checkoutCommand } from "../../support/sandbox.ts";

const real = createChildSpawner(checkoutCommand);
let started = 0;
const spawner: ChildSpawner = {
  spawn: (options) => {
    started += 1;
    return real.spawn(options);
  },
};
const pool = new SandboxPool({ spawner, refillMs: 0, rehearsal: rehearsal() });
afterAll(() => pool.close());

async function runOneFrame() {
  await using runner = new StageRunner({ pool, stage: rehearsal() });
  await runner.open();
  const frame = { port: "in", pts: 7, payload: { kind: "bytes" }, data: new Uint8Array(3) } as const;
  const outcome = await runner.process(frame);
  return { outcome, metrics: [...runner.metrics().values()] };
}

it("counts nothing and emits nothing of a spare's rehearsal", async () => {
  await runOneFrame();
  // The second stage gets the spare that the first left behind, whether it has finished rehearsing or not.
  const { outcome, metrics } = await runOneFrame();
  expect(started).toBeGreaterThanOrEqual(2);
  expect(outcome.emissions.map(({ frame }) => frame.pts)).toEqual([7]);
  expect(outcome.failures).toEqual([]);
  expect(metrics).toHaveLength(1);
  expect(metrics[0]).toMatchObject({ framesIn: 1, framesOut: 1, restarts: 0 });
});
