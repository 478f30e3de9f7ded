// When a place that failed may be asked again.
import { describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../../agent/offload/circuit-breaker.ts";

function breakerOf() {
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  return { clock, breaker: new CircuitBreaker({ clock, random: () => 1 }) };
}

describe("CircuitBreaker", () => {
  it("opens after 5 failures in a row, with short pauses before", () => {
    const { clock, breaker } = breakerOf();
    const pauses: number[] = [];
    for (let i = 0; i < 5; i++) {
      expect(breaker.state).toBe("closed");
      breaker.begin();
      breaker.fail();
      pauses.push(breaker.retryAtMs - clock.nowMs);
      expect(breaker.mayTry).toBe(false);
      clock.nowMs = breaker.retryAtMs - 1;
      if (i === 4) expect(breaker.state).toBe("open");
      clock.nowMs += 1;
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1000]);
    expect(breaker.state).toBe("half-open");
  });

  it("allows one trial at a time when half open, and pauses for longer after each that fails", () => {
    const { clock, breaker } = breakerOf();
    breaker.trip();
    const pauses: number[] = [];
    for (let i = 0; i < 10; i++) {
      pauses.push(breaker.retryAtMs - clock.nowMs);
      clock.nowMs = breaker.retryAtMs;
      expect(breaker.mayTry).toBe(true);
      breaker.begin();
      expect(breaker.mayTry).toBe(false);
      breaker.fail();
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
  });

  it("closes with the first success, and begins to count anew", () => {
    const { clock, breaker } = breakerOf();
    for (let i = 0; i < 7; i++) breaker.fail();
    clock.nowMs = breaker.retryAtMs;
    breaker.begin();
    breaker.succeed();
    expect([breaker.state, breaker.mayTry]).toEqual(["closed", true]);
    breaker.fail();
    expect(breaker.state).toBe("closed");
  });

  it("lets another try when a trial was given up", () => {
    const { clock, breaker } = breakerOf();
    breaker.trip();
    clock.nowMs = breaker.retryAtMs;
    breaker.begin();
    breaker.leave();
    expect(breaker.mayTry).toBe(true);
  });

  it("spreads the pauses of many callers, and never makes them shorter than half", () => {
    const clock = { monotonicMs: () => 0 };
    const breaker = new CircuitBreaker({ clock, random: () => 0 });
    breaker.trip();
    expect(breaker.retryAtMs).toBe(500);
  });
});
