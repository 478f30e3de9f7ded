// The times of a session on the run's clock.
import { describe, expect, test } from "vitest";
import { SessionClock } from "../../../../agent/native/live/session-clock.ts";
import { VirtualClock } from "../virtual-clock.ts";

const second = 1_000_000;

describe("monotonic times", () => {
  test("are exact, also when frames arrive late and in bursts", () => {
    const clock = new VirtualClock();
    const session = new SessionClock("monotonic", clock);
    const at = (us: number, arrival: number) => session.toPipelineUs(clock.monotonicStartUs + us, arrival);
    expect([at(1000, 40_000), at(34_333, 40_001), at(67_667, second)]).toEqual([1000, 34_333, 67_667]);
  });

  test("of a driver that lies are placed by their arrival, and keep their distances", () => {
    const session = new SessionClock("monotonic", new VirtualClock());
    expect(session.toPipelineUs(77, 2 * second)).toBe(2 * second);
    expect(session.toPipelineUs(77 + 33_333, 2 * second + 40_000)).toBe(2 * second + 33_333);
  });
});

describe("wall times", () => {
  test("keep the offset of the session's beginning while the wall clock is slewed", () => {
    const clock = new VirtualClock();
    const session = new SessionClock("wall", clock);
    const start = clock.wallStartUs;
    expect(session.toPipelineUs(start + second, second)).toBe(second);
    clock.wallStartUs += 300_000;
    expect(session.toPipelineUs(start + 2 * second, 2 * second)).toBe(2 * second);
  });

  test.each([
    ["forward", 3600 * second],
    ["back", -2 * second],
  ])("follow a wall clock that is set %s, and frames that were under way then stay right", (_way, step) => {
    const clock = new VirtualClock();
    const session = new SessionClock("wall", clock);
    const start = clock.wallStartUs;
    expect(session.toPipelineUs(start + second, second + 30_000)).toBe(second);
    clock.wallStartUs += step;
    expect(session.toPipelineUs(start + 2 * second, 2 * second + 30_000)).toBe(2 * second);
    expect(session.toPipelineUs(start + step + 3 * second, 3 * second + 30_000)).toBe(3 * second);
    expect(session.toPipelineUs(start + step + 4 * second, 4 * second + 30_000)).toBe(4 * second);
  });
});

describe("a stream's own times", () => {
  test("begin where the least delay of the first second was seen, then stay", () => {
    const session = new SessionClock("stream", new VirtualClock());
    const start = 123_456_789;
    expect(session.toPipelineUs(start, second)).toBe(second);
    // 40 ms less delay than the first.
    expect(session.toPipelineUs(start + 100_000, second + 60_000)).toBe(second + 60_000);
    expect(session.toPipelineUs(start + 200_000, second + 300_000)).toBe(second + 160_000);
    // Less delay still, but the second is over.
    expect(session.toPipelineUs(start + 2 * second, 3 * second - 80_000)).toBe(3 * second - 40_000);
  });

  test("that jump begin anew where the jump arrived", () => {
    const session = new SessionClock("stream", new VirtualClock());
    session.toPipelineUs(0, second);
    expect(session.toPipelineUs(5000 * second, 2 * second)).toBe(2 * second);
    expect(session.toPipelineUs(5000 * second + 40_000, 2 * second + 40_000)).toBe(2 * second + 40_000);
    expect(session.toPipelineUs(0, 3 * second)).toBe(3 * second);
  });
});
