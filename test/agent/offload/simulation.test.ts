// 10,000 random fault schedules on a virtual clock: what a stage at peers owes its pipeline, whatever happens to the peers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelPeerOptions } from "./model-peer.ts";
import { ServedPeer } from "./served-peer.ts";
import { flushMark, type Mark, readMark } from "./simulated-runner.ts";
import { anySchedule, type Schedule, type Simulated, simulate } from "./simulation.ts";

const timeout = 300_000;
const runs = (count: number) => ({ numRuns: count, seed: 20_261_124 });

function marksOf({ settled }: Simulated): (Mark & { readonly frame: number })[] {
  return settled.flatMap(({ number, outcome }) =>
    outcome.emissions.map(({ frame }) => ({ frame: number, ...readMark(frame.data) })),
  );
}

/** What holds in every run. */
function expectSound(schedule: Schedule, run: Simulated): void {
  if (run.refused !== undefined) {
    expect(run.refused.code).toBe("placement-impossible");
    return;
  }
  const order = Array.from({ length: schedule.frames }, (_, number) => number);
  expect(run.settled.map(({ number }) => number)).toEqual(order);
  expect(run.mostUnsettled).toBeLessThanOrEqual(schedule.frames + 2);
  expect(run.mostTimers).toBeLessThanOrEqual(300);
  expect(run.timersLeft).toBe(0);
  const failures = run.settled.flatMap(({ outcome }) => outcome.failures);
  const told = run.events.flatMap((event) => (event.kind === "failed" ? [event.failure] : []));
  const ofFrames = ({ framePts }: { framePts: number | undefined }) => framePts !== undefined;
  expect(told.filter(ofFrames)).toEqual(failures.filter(ofFrames));
}

describe("A stage without memory", () => {
  it("loses no frame, doubles none and keeps their order while peers come and go", { timeout }, async () => {
    let failovers = 0;
    const property = fc.asyncProperty(anySchedule, async (schedule) => {
      const run = await simulate(schedule, { stateful: false, mayFail: false });
      expectSound(schedule, run);
      if (run.refused !== undefined) return;
      expect(run.settled.flatMap(({ outcome }) => outcome.failures)).toEqual([]);
      const numbers = marksOf(run).map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: schedule.frames }, (_, number) => number));
      failovers += run.events.filter((event) => event.kind === "lost" && event.replayed > 0).length;
    });
    await fc.assert(property, runs(5000));
    expect(failovers).toBeGreaterThan(400);
  });

  it("does so with peers that the real server serves", { timeout }, async () => {
    let failovers = 0;
    const property = fc.asyncProperty(anySchedule, async (schedule) => {
      const makePeer = (options: ModelPeerOptions) => new ServedPeer(options);
      const run = await simulate(schedule, { stateful: false, mayFail: false, makePeer });
      expectSound(schedule, run);
      if (run.refused !== undefined) return;
      const numbers = marksOf(run).map(({ number }) => number);
      expect(numbers).toEqual(Array.from({ length: schedule.frames }, (_, number) => number));
      failovers += run.events.filter((event) => event.kind === "lost" && event.replayed > 0).length;
    });
    await fc.assert(property, runs(1000));
    expect(failovers).toBeGreaterThan(80);
  });

  it("reports each frame that it gives up, and gives the others once and in order", { timeout }, async () => {
    let failed = 0;
    const property = fc.asyncProperty(anySchedule, async (schedule) => {
      const run = await simulate(schedule, { stateful: false, mayFail: true });
      expectSound(schedule, run);
      for (const { number, outcome } of run.settled) {
        expect(outcome.emissions.length + outcome.failures.length).toBe(1);
        for (const { frame } of outcome.emissions) expect(readMark(frame.data).number).toBe(number);
        for (const failure of outcome.failures)
          expect(failure).toMatchObject({ code: "peer-lost", framePts: number * 1000 });
        failed += outcome.failures.length;
      }
    });
    await fc.assert(property, runs(2000));
    expect(failed).toBeGreaterThan(20);
  });

  it("answers each frame within its deadline, or says that it couldn't", { timeout }, async () => {
    let late = 0;
    const property = fc.asyncProperty(anySchedule, async (schedule) => {
      const run = await simulate(schedule, { stateful: false, mayFail: true, deadlineMs: 150 });
      expectSound(schedule, run);
      for (const { outcome } of run.settled) {
        expect(outcome.emissions.length + outcome.failures.length).toBe(1);
        late += outcome.failures.filter(({ code }) => code === "peer-deadline").length;
      }
    });
    await fc.assert(property, runs(500));
    expect(late).toBeGreaterThan(20);
  });
});

describe("A stage that remembers", () => {
  it("keeps its order, has one state at a time, and reports every gap", { timeout }, async () => {
    let gaps = 0;
    const property = fc.asyncProperty(anySchedule, async (schedule) => {
      const run = await simulate(schedule, { stateful: true, mayFail: false });
      expectSound(schedule, run);
      if (run.refused !== undefined) return;
      for (const { number, outcome } of run.settled) {
        const own = outcome.emissions.filter(({ frame }) => readMark(frame.data).number !== flushMark);
        const isLost = outcome.failures.some(({ framePts }) => framePts === number * 1000);
        expect(own.map(({ frame }) => readMark(frame.data).number)).toEqual(isLost ? [] : [number]);
      }
      expectStates(marksOf(run));
      const lost = run.events.filter(({ kind }) => kind === "failed").length;
      const told = run.events.reduce((sum, event) => sum + (event.kind === "gap" ? event.calls : 0), 0);
      expect(told).toBe(lost);
      gaps += told;
    });
    await fc.assert(property, runs(2500));
    expect(gaps).toBeGreaterThan(100);
  });
});

/** Each state is used from its first call on, without a hole, and never again once another has been. */
function expectStates(marks: readonly Mark[]): void {
  const ended = new Set<number>();
  let current: Mark | undefined;
  for (const mark of marks) {
    if (mark.instance === current?.instance) {
      expect(mark.count).toBeGreaterThan(current.count);
    } else {
      if (current !== undefined) ended.add(current.instance);
      expect(ended.has(mark.instance)).toBe(false);
    }
    current = mark;
  }
}
