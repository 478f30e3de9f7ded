// Children that are killed from outside at any moment: every call is answered, in order, and nothing hangs.
import { beforeAll, describe, expect, it } from "vitest";
import type { Preparation } from "../../agent/sandbox/prepare/prepare-module.ts";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { control, layoutOf } from "../../agent/sandbox/shared-layout.ts";
import type { Child, ChildSpawner } from "../../platform/contract/process.ts";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import { chainRunner, prepareHere } from "../support/sandbox.ts";
import { buildGuest } from "./guest.ts";
import { frameOf, openStand } from "./stand.ts";

const stand = openStand();
let preparation: Preparation;
beforeAll(async () => {
  preparation = await prepareHere(await buildReferenceGuest("echo"));
});

/** A pool whose latest child can be killed. */
function openMortalPool(spares: number) {
  const children: Child[] = [];
  const spawner: ChildSpawner = {
    spawn(options) {
      const child = stand.spawner.spawn(options);
      children.push(child);
      return child;
    },
  };
  return { pool: new SandboxPool({ spawner, spares }), children };
}

describe("a stage whose child is killed", () => {
  it.each([1, 5, 20])(
    "answers every call in order, each with its frame or with node-killed (%i frames at once)",
    async (burst) => {
      const { pool, children } = openMortalPool(1);
      const runner = chainRunner(pool, [{ preparation }]);
      await runner.open();
      let kills = 0;
      const settled: number[] = [];
      let failed = 0;
      for (let round = 0; round < 12; round++) {
        const calls = Array.from({ length: burst }, async (_, index) => {
          const pts = round * burst + index;
          const { emissions, failures } = await runner.process(
            frameOf(new Uint8Array(20_000).fill(pts & 255), pts),
          );
          settled.push(pts);
          // Both where the child was killed after it had given the frame and before it had said that it is done.
          expect([emissions.length, failures.length]).toSatisfy((counts) =>
            ["1,0", "0,1", "1,1"].includes(String(counts)),
          );
          for (const { frame } of emissions)
            expect([frame.pts, frame.data.length, frame.data[19_999]]).toEqual([pts, 20_000, pts & 255]);
          for (const failure of failures) {
            expect(failure).toMatchObject({ code: "node-killed", framePts: pts });
            expect(failure.message).toContain("SIGKILL");
            failed++;
          }
        });
        if (round % 3 === 2) {
          // All of them: the one that works, and those that wait.
          for (const child of children) child.kill();
          kills++;
        }
        await Promise.all(calls);
      }
      expect(settled).toEqual(Array.from({ length: 12 * burst }, (_, pts) => pts));
      // One frame for the child that worked, one for a spare that was taken while it died.
      expect(failed).toBeLessThanOrEqual(kills * 2);
      await runner.close();
      await pool.close();
      await stand.expectNeighbourUnharmed();
    },
  );

  it("while it idles, handles the next frame in another", async () => {
    const { pool, children } = openMortalPool(0);
    const runner = chainRunner(pool, [{ preparation }]);
    await runner.open();
    children[0]!.kill();
    await children[0]!.exited;
    expect(await runner.process(frameOf([1], 5))).toMatchObject({
      emissions: [{ frame: { pts: 5 } }],
      failures: [],
    });
    await runner.close();
    await pool.close();
  });

  it("while it opens, refuses to open with node-killed", async () => {
    const { pool, children } = openMortalPool(0);
    const slow = await prepareHere(await buildGuest({ open: "(loop $again (br $again)) (i32.const 16)" }));
    const runner = chainRunner(pool, [{ preparation: slow }]);
    const opened = expect(runner.open()).rejects.toMatchObject({ code: "node-killed" });
    await expect.poll(() => children.length).toBe(1);
    // Its instance has been made, and it is in its `open`.
    await expect.poll(() => progressOf(children[0]!), { timeout: 4000, interval: 5 }).toBe(3);
    children[0]!.kill();
    await opened;
    await pool.close();
  });

  it("while it is closed, is closed", async () => {
    const { pool, children } = openMortalPool(0);
    const runner = chainRunner(pool, [{ preparation }]);
    await runner.open();
    const call = runner.process(frameOf([1]));
    const settled = Promise.allSettled([call]);
    children[0]!.kill();
    await runner.close();
    await settled;
    await runner.close();
    await pool.close();
    expect(children).toHaveLength(1);
  });
});

/** How many guest calls of a child have begun and ended. */
function progressOf({ shared }: Child): number {
  return Atomics.load(layoutOf(shared).control, control.progress);
}
