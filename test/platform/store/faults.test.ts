// The store on a disk that fails at each operation in turn: refuses it, or loses its power there. Old or new, never neither.
import { describe, expect, it } from "vitest";
import type { RemoteMediaError } from "../../../platform/base/error.ts";
import { type Fault, FragileDisk } from "../../support/fragile-disk.ts";
import { expectEnd, expectWhole, live, openOn } from "./store-life.ts";

/** How many operations a whole life has. */
async function countOperations(): Promise<number> {
  const disk = new FragileDisk();
  await live(openOn(disk));
  await expectEnd(disk);
  return disk.operations.length;
}

/** Chances of a power cut: nothing that wasn't synced arrives, everything does, and what a seeded die says. */
function dice(seed: number): () => number {
  if (seed === 0) return () => 0.49;
  if (seed === 1) return () => 0.5;
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Lives until the fault. @returns the steps that were done, and what was thrown */
async function liveUntil(disk: FragileDisk, operation: number, fault: Fault) {
  disk.failAt(operation, fault);
  let done = 0;
  const store = openOn(disk);
  const life = live(store, (steps) => {
    done = steps;
  });
  const thrown = await Promise.race([life.catch((error: unknown) => error), disk.cut]);
  // What a process that ended lets go of.
  if (fault !== "power cut") await store[Symbol.asyncDispose]();
  return { done, thrown };
}

describe("a store on a failing disk", () => {
  it.each(["ENOSPC", "EIO"] as const)(
    "has all as it was or as it should be after %s at any operation, and does it the next time",
    async (fault) => {
      const operations = await countOperations();
      expect(operations).toBeGreaterThan(100);
      for (let operation = 0; operation < operations; operation++) {
        const disk = new FragileDisk();
        const { done, thrown } = await liveUntil(disk, operation, fault);
        try {
          // What only tidies up may fail unseen; everything else says what the disk said.
          if (thrown !== undefined) expect((thrown as RemoteMediaError).code).toBe("store-failed");
          await expectWhole(disk, done);
          await live(openOn(disk));
          await openOn(disk).sweep();
          await expectEnd(disk);
        } catch (error) {
          throw new Error(`after ${fault} at ${disk.operations[operation]} (step ${done})`, { cause: error });
        }
      }
    },
    60_000,
  );

  it("has all as it was or as it should be after a power cut at any operation, whatever has arrived, and does it the next time", async () => {
    const operations = await countOperations();
    for (let operation = 0; operation < operations; operation++) {
      for (let seed = 0; seed < 5; seed++) {
        const before = new FragileDisk();
        const { done } = await liveUntil(before, operation, "power cut");
        const disk = before.restart(dice(seed));
        try {
          await expectWhole(disk, done);
          await live(openOn(disk));
          await openOn(disk).sweep();
          await expectEnd(disk);
        } catch (error) {
          const where = `after a power cut at ${before.operations[operation]} (step ${done}, seed ${seed})`;
          throw new Error(where, { cause: error });
        }
      }
    }
  }, 120_000);
});
