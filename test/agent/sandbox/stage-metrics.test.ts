// A node's metrics in shared memory: sums are exact, quantiles within five per cent, over any number of children.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metricsBytes } from "../../../agent/sandbox/shared-layout.ts";
import {
  consecutiveFailures,
  MetricsTotal,
  MetricsWriter,
  setConsecutiveFailures,
} from "../../../agent/sandbox/stage-metrics.ts";

const block = () => new DataView(new ArrayBuffer(metricsBytes));
const callUs = fc.double({ min: 0.3, max: 8_000_000, noNaN: true });

/** The value of which that share of all values is not larger. */
function exactQuantile(values: readonly number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1]!;
}

describe("a node's metrics", () => {
  it("give quantiles within five per cent of the true ones, and the maximum and the total exactly", () => {
    fc.assert(
      fc.property(fc.array(callUs, { minLength: 1, maxLength: 300 }), (values) => {
        const view = block();
        const writer = new MetricsWriter(view);
        for (const us of values) writer.call(us, 0n, 0);
        const { p50, p95, p99, max, total } = new MetricsTotal().read(view).time;
        for (const [quantile, share] of [
          [p50, 0.5],
          [p95, 0.95],
          [p99, 0.99],
        ] as const) {
          const exact = exactQuantile(values, share) / 1000;
          expect(Math.abs(quantile - exact)).toBeLessThanOrEqual(exact * 0.05);
        }
        expect(max).toBe(Math.max(...values) / 1000);
        expect(total).toBeCloseTo(values.reduce((sum, us) => sum + us, 0) / 1000, 6);
        expect(p50 <= p95 && p95 <= p99 && p99 <= max).toBe(true);
      }),
    );
  });

  it("are the same whether one child has counted them or several, one after the other", () => {
    fc.assert(
      fc.property(fc.array(fc.array(callUs, { maxLength: 30 }), { maxLength: 5 }), (children) => {
        const together = block();
        const one = new MetricsWriter(together);
        const several = new MetricsTotal();
        for (const calls of children) {
          const view = block();
          const writer = new MetricsWriter(view);
          for (const us of calls) {
            for (const counter of [one, writer]) {
              counter.call(us, 3n, us);
              counter.frameIn();
              counter.framesOut(2);
            }
          }
          several.add(view);
        }
        const [left, right] = [new MetricsTotal().read(together), several.read(undefined)];
        expect({ ...left, time: { ...left.time, total: 0 } }).toEqual({
          ...right,
          time: { ...right.time, total: 0 },
        });
        expect(left.time.total).toBeCloseTo(right.time.total, 6);
      }),
    );
  });

  it("put what is too short or too long for the histogram into its ends", () => {
    const view = block();
    const writer = new MetricsWriter(view);
    for (const us of [0, 1e-9, 1e12]) writer.call(us, 0n, 0);
    const { time } = new MetricsTotal().read(view);
    expect(time.max).toBe(1e9);
    expect(time.p50).toBeLessThan(0.001);
    expect(time.p99).toBeGreaterThan(8000);
  });

  it("are all 0 before the first call", () => {
    const { time, framesIn, fuel } = new MetricsTotal().read(block());
    expect([time, framesIn, fuel]).toEqual([{ p50: 0, p95: 0, p99: 0, max: 0, total: 0 }, 0, 0n]);
  });

  it("take nothing from a block that can't be, whatever a child has written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: metricsBytes, maxLength: metricsBytes }), (bytes) => {
        const view = new DataView(bytes.slice().buffer);
        const { time, framesIn, framesOut, restarts, fuel, memoryPeakBytes } = new MetricsTotal().read(view);
        for (const value of [framesIn, framesOut, restarts, memoryPeakBytes, ...Object.values(time)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(value)).toBe(true);
        }
        expect(fuel).toBeGreaterThanOrEqual(0n);
        expect(consecutiveFailures(view)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 200 },
    );
  });

  it("count restarts that the child could not count", () => {
    const total = new MetricsTotal();
    total.addRestart();
    const view = block();
    new MetricsWriter(view).restart();
    expect(total.read(view).restarts).toBe(2);
  });

  it("hand failures in a row from one child to the next", () => {
    const view = block();
    setConsecutiveFailures(view, 4);
    const writer = new MetricsWriter(view);
    writer.consecutive += 1;
    expect(consecutiveFailures(view)).toBe(5);
  });
});
