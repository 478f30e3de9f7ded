// The clock that tests turn by hand keeps the order that a real one would have.
import { describe, expect, test } from "vitest";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";

describe("FakeTimers", () => {
  test("calls back in order of time, then of asking, and shows each callback its own time", async () => {
    const timers = new FakeTimers();
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${timers.monotonicMs()}`);
    for (const ms of [30, 10, 20, 10, 0, 25, 5, 15]) timers.after(ms, note(`after${ms}`));
    await timers.advance(20);
    expect(seen).toEqual(["after0@0", "after5@5", "after10@10", "after10@10", "after15@15", "after20@20"]);
    expect(timers.pending).toBe(2);
    await timers.advance(100);
    expect(seen.slice(6)).toEqual(["after25@25", "after30@30"]);
    expect(timers.monotonicMs()).toBe(120);
  });

  test("calls back what callbacks ask for within the same turn, and never from inside after", async () => {
    const timers = new FakeTimers();
    const seen: number[] = [];
    const again = () => {
      seen.push(timers.monotonicMs());
      let isInside = true;
      timers.after(10, () => {
        expect(isInside).toBe(false);
        again();
      });
      isInside = false;
    };
    timers.after(0, again);
    await timers.advance(35);
    expect(seen).toEqual([0, 10, 20, 30]);
  });

  test("lets promises run to their end between two callbacks, however long their chain", async () => {
    const timers = new FakeTimers();
    const seen: string[] = [];
    timers.after(1, async () => {
      for (let step = 0; step < 100; step += 1) await Promise.resolve();
      seen.push(`chain@${timers.monotonicMs()}`);
      timers.after(0, () => seen.push(`asked@${timers.monotonicMs()}`));
    });
    timers.after(2, () => seen.push("second"));
    await timers.advance(2);
    expect(seen).toEqual(["chain@1", "asked@1", "second"]);
  });

  test("forgets what was taken back, also twice and also after it ran", async () => {
    const timers = new FakeTimers();
    let calls = 0;
    const takeBack = timers.after(5, () => {
      calls += 1;
    });
    const keep = timers.after(5, () => {
      calls += 10;
    });
    takeBack();
    takeBack();
    expect(timers.pending).toBe(1);
    await timers.advance(10);
    keep();
    expect(calls).toBe(10);
    expect(timers.pending).toBe(0);
    expect(timers.nextMs).toBeUndefined();
  });

  test("sets the wall clock without touching what waits", async () => {
    const timers = new FakeTimers(1000);
    let calls = 0;
    timers.after(50, () => {
      calls += 1;
    });
    timers.setWallMs(0);
    expect(timers.wallMs()).toBe(0);
    await timers.advance(49);
    expect([timers.wallMs(), calls]).toEqual([49, 0]);
    await timers.advance(1);
    expect(calls).toBe(1);
  });

  test("turns until a condition holds, and says when it can't", async () => {
    const timers = new FakeTimers();
    let isDone = false;
    timers.after(700, () => {
      isDone = true;
    });
    timers.after(800, () => undefined);
    expect(await timers.advanceUntil(() => isDone)).toBe(true);
    expect(timers.monotonicMs()).toBe(700);
    expect(await timers.advanceUntil(() => false, 1000)).toBe(false);
  });

  test("keeps the order of thousands of timers", async () => {
    const timers = new FakeTimers();
    const seen: number[] = [];
    let seed = 1;
    for (let count = 0; count < 2000; count += 1) {
      seed = (seed * 48271) % 2147483647;
      const ms = seed % 500;
      timers.after(ms, () => seen.push(ms));
    }
    await timers.advance(500);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen).toHaveLength(2000);
  });
});
