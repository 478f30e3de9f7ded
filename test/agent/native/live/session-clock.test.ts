// The times of a session on the run's clock.
import fc from "fast-check";
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

describe("a wall clock that is set", () => {
  test.each([
    ["by 700 ms, just more than slewing", 700_000, 30_000],
    ["by 3.1 s while frames take 2 s", 3_100_000, 2 * second],
    ["back by 12 s", -12 * second, 30_000],
    ["back by 5 s while frames take 2 s", -5 * second, 2 * second],
    ["by 20 years", 20 * 365 * 86_400 * second, 30_000],
  ])("%s is followed", (_how, step, delay) => {
    const clock = new VirtualClock();
    const session = new SessionClock("wall", clock);
    const start = clock.wallStartUs;
    const at = (us: number, stepped: number) => session.toPipelineUs(start + stepped + us, us + delay);
    expect(at(second, 0)).toBe(second);
    clock.wallStartUs += step;
    expect([at(4 * second, 0), at(8 * second, step), at(9 * second, step)]).toEqual(
      [4, 8, 9].map((seconds) => seconds * second),
    );
  });

  test("is followed also after a time that wasn't believed", () => {
    const clock = new VirtualClock();
    const session = new SessionClock("wall", clock);
    const start = clock.wallStartUs;
    expect(session.toPipelineUs(start + 6 * second, second)).toBe(second);
    clock.wallStartUs += 3600 * second;
    expect(session.toPipelineUs(clock.wallStartUs + 2 * second, 2 * second)).toBe(2 * second);
  });
});

describe("one wild time", () => {
  const times = fc.constantFrom("monotonic" as const, "wall" as const, "stream" as const);
  const wild = fc.oneof(
    fc.integer({ min: 2 * second, max: 40 * second }),
    fc.integer({ min: -40 * second, max: -12 * second }),
  );

  test("costs its own accuracy only, wherever it comes and however far it is off", () => {
    fc.assert(
      fc.property(
        times,
        wild,
        fc.nat(80),
        fc.integer({ min: 0, max: 900_000 }),
        (kind, offBy, index, delay) => {
          const clock = new VirtualClock();
          const session = new SessionClock(kind, clock);
          const startUs = { monotonic: clock.monotonicStartUs, wall: clock.wallStartUs, stream: 777 }[kind];
          for (let frame = 0; frame < 100; frame++) {
            const us = second + frame * 40_000;
            const pts = session.toPipelineUs(startUs + us + (frame === index ? offBy : 0), us + delay);
            const exact = kind === "stream" ? us + delay : us;
            expect(pts).toBe(frame === index ? us + delay : exact);
          }
        },
      ),
    );
  });
});

test("once a time was right again, late ones are believed as before the wild one", () => {
  const clock = new VirtualClock();
  const session = new SessionClock("monotonic", clock);
  const at = (us: number, arrival: number) => session.toPipelineUs(clock.monotonicStartUs + us, arrival);
  expect(at(9 * second, second)).toBe(second);
  expect([at(2 * second, 2 * second), at(3 * second, 8 * second)]).toEqual([2 * second, 3 * second]);
});

test("no time is placed more than a second after its arrival or ten before, whatever comes", () => {
  const frame = fc.record({
    timeUs: fc.oneof(fc.integer({ min: -30 * second, max: 60 * second }), fc.maxSafeInteger()),
    afterUs: fc.nat(3 * second),
    stepUs: fc.oneof(fc.constant(0), fc.integer({ min: -20 * second, max: 20 * second })),
  });
  fc.assert(
    fc.property(fc.constantFrom("monotonic", "wall", "stream"), fc.array(frame), (kind, frames) => {
      const clock = new VirtualClock();
      const session = new SessionClock(kind, clock);
      const startUs = { monotonic: clock.monotonicStartUs, wall: clock.wallStartUs, stream: 0 }[kind];
      let arrivalUs = 0;
      for (const { timeUs, afterUs, stepUs } of frames) {
        arrivalUs += afterUs;
        clock.wallStartUs += stepUs;
        const pts = session.toPipelineUs(startUs + timeUs, arrivalUs);
        expect(Number.isInteger(pts)).toBe(true);
        expect(pts - arrivalUs).toBeLessThanOrEqual(second);
        expect(arrivalUs - pts).toBeLessThanOrEqual(10 * second);
      }
    }),
  );
});
