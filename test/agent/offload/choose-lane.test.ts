// The better of two.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseLane, expectedUs, type LaneLoad } from "../../../agent/offload/choose-lane.ts";

const load = (given: Partial<LaneLoad> = {}): LaneLoad => ({
  inFlight: 0,
  paceUs: 1000,
  wireUs: 100,
  queueUs: 0,
  ...given,
});

describe("chooseLane", () => {
  it("has nothing to choose from none, and takes the only one", () => {
    expect(chooseLane([], () => 0)).toBeUndefined();
    const only = load();
    expect(chooseLane([only], () => 0)).toBe(only);
  });

  it.each([
    ["fewer calls", load({ inFlight: 1 }), load({ inFlight: 2 })],
    ["a shorter way", load({ wireUs: 100 }), load({ wireUs: 500 })],
    ["a quicker hand", load({ inFlight: 3, paceUs: 500 }), load({ inFlight: 3, paceUs: 900 })],
    ["nobody else's calls before ours", load({ queueUs: 0 }), load({ queueUs: 9000 })],
    ["nothing known against it", load({ paceUs: undefined, wireUs: undefined }), load({ paceUs: 5000 })],
  ])("prefers one with %s, wherever it stands", (_, better, worse) => {
    for (const random of [0, 0.3, 0.6, 0.99]) {
      expect(chooseLane([better, worse], () => random)).toBe(better);
      expect(chooseLane([worse, better], () => random)).toBe(better);
    }
  });

  it("always looks at two that differ, and never takes the worst", () => {
    const choices = fc.array(fc.nat(100), { minLength: 2, maxLength: 8 });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(choices, chance, chance, (counts, one, other) => {
        const loads = counts.map((inFlight) => load({ inFlight }));
        const chances = [one, other];
        const chosen = chooseLane(loads, () => chances.shift() ?? 0)!;
        const worse = loads.filter((each) => each !== chosen && expectedUs(each) >= expectedUs(chosen));
        expect(worse.length).toBeGreaterThan(0);
      }),
    );
  });
});
