// The memory that parent and child share, how they wake each other, and the kernel's timer.
import { describe, expect, it } from "vitest";
import { answerOf, mebibyte, startChild } from "./children.ts";

describe("the kernel's timer", () => {
  it("kills a child inside of a WASM loop", async () => {
    const started = performance.now();
    expect(await startChild("timer-loop").exited).toMatchObject({ signal: "SIGALRM" });
    // Not before its time; the upper bound only says that it is not the test's own end.
    expect(performance.now() - started).toBeGreaterThan(200);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("doesn't once it is disarmed", async () => {
    expect(await answerOf(startChild("timer-off"))).toBe("alive");
  });
});

describe("the shared memory", () => {
  it("is zero at first, and both see what the other writes", async () => {
    const child = startChild("shared");
    const bytes = new Uint8Array(child.shared);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    for (let round = 1; round <= 3; round++) {
      for (let at = 4096; at < bytes.length; at += 4096) bytes[at]! += 10;
      const answered = answerOf(child);
      child.wake();
      expect(await answered).toBe("added");
      for (let at = 4096; at < bytes.length; at += 4096) expect(bytes[at]).toBe(11 * round);
    }
  });

  it("has the size that was asked for", () => {
    expect(startChild("polite", { sharedBytes: 3 * mebibyte }).shared.byteLength).toBe(3 * mebibyte);
  });
});

describe("waking", () => {
  it("loses nothing in 5000 turns, one at a time", async () => {
    const child = startChild("echo");
    const words = new Int32Array(child.shared);
    for (let turn = 1; turn <= 5000; turn++) {
      const echoed = new Promise<void>((resolve) => {
        child.onWake(() => {
          if (Atomics.load(words, 2) === turn) resolve();
        });
      });
      Atomics.store(words, 1, turn);
      child.wake();
      await echoed;
    }
    expect(Atomics.load(words, 2)).toBe(5000);
  });

  it("loses nothing when many wakes come while the child is busy", async () => {
    const child = startChild("echo");
    const words = new Int32Array(child.shared);
    let turn = 0;
    for (let burst = 0; burst < 300; burst++) {
      const last = turn + 20;
      const echoed = new Promise<void>((resolve) => {
        child.onWake(() => {
          if (Atomics.load(words, 2) === last) resolve();
        });
      });
      while (turn < last) {
        Atomics.store(words, 1, ++turn);
        child.wake();
      }
      await echoed;
    }
    expect(turn).toBe(6000);
  });

  it("a child that never listens doesn't block its parent", async () => {
    const child = startChild("deaf");
    await answerOf(child);
    for (let wake = 0; wake < 100_000; wake++) child.wake();
    child.kill();
    expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
    child.wake();
  });
});
