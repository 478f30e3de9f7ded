// The clock of a run: 0 when it began, whichever clock a time was taken by.
import { expect, test } from "vitest";
import { openPipelineClock } from "../../../agent/main/pipeline-clock.ts";
import { kernelMonotonicMs } from "../../../platform/process/kernel-clock.ts";

/** What reading three clocks one after the other may take. */
const slackUs = 50_000;

test("a time is the same by the kernel's clock, by the wall clock and by its own", () => {
  const clock = openPipelineClock();
  const now = clock.nowUs();
  expect(now).toBeGreaterThanOrEqual(0);
  expect(now).toBeLessThan(slackUs);
  expect(Math.abs(clock.fromMonotonicUs(kernelMonotonicMs() * 1000) - clock.nowUs())).toBeLessThan(slackUs);
  expect(Math.abs(clock.fromWallUs(Date.now() * 1000) - clock.nowUs())).toBeLessThan(slackUs);
});

test("a time from before the run is negative, and every time a whole number", () => {
  const clock = openPipelineClock();
  expect(clock.fromMonotonicUs(kernelMonotonicMs() * 1000 - 60_000_000)).toBeLessThan(-59_000_000);
  expect(clock.fromWallUs(Date.now() * 1000 - 60_000_000.5)).toBeLessThan(-59_000_000);
  for (const us of [clock.nowUs(), clock.fromMonotonicUs(0.5), clock.fromWallUs(0.5)]) {
    expect(Number.isSafeInteger(us)).toBe(true);
  }
});

test("a sleep ends at its time, or at once when its signal has fired", async () => {
  const clock = openPipelineClock();
  const before = performance.now();
  await clock.sleep(20, new AbortController().signal);
  expect(performance.now() - before).toBeGreaterThanOrEqual(19);
  const stop = new AbortController();
  const sleeping = clock.sleep(600_000, stop.signal);
  stop.abort();
  await sleeping;
  await clock.sleep(600_000, stop.signal);
});
