// When a running pipeline moves.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Assignment, Score } from "../../../agent/placement/place.ts";
import { placeNodes } from "../../../agent/placement/place-nodes.ts";
import { judgeMove, listMoves, type Move } from "../../../agent/placement/re-place.ts";
import { local, measured, one, peer } from "./places-fixture.ts";

const score = (ms: number, rank = 0): Score => ({ rank, ms });

/** A node that is on `here` and would be on `there`. */
function proposal(next: Score, current: Score | undefined, there = "gpu"): Assignment {
  return { decisions: new Map([["a", { node: "a", place: there, considered: [] }]]), score: next, current };
}

const judge = (next: Assignment, nowMs: number, sinceMs?: number, here = "local"): Move =>
  judgeMove({ next, current: () => here, nowMs, sinceMs });

describe("judgeMove", () => {
  it("waits until a gain has lasted, and moves then", () => {
    const better = proposal(score(10), score(50));
    expect(judge(better, 1000)).toEqual({ verdict: "wait", sinceMs: 1000 });
    expect(judge(better, 3999, 1000)).toEqual({ verdict: "wait", sinceMs: 1000 });
    expect(judge(better, 4000, 1000)).toEqual({ verdict: "move" });
  });

  it.each<[string, Assignment]>([
    ["the same placement", proposal(score(10), score(50), "local")],
    ["a gain of less than 5 ms", proposal(score(2), score(6.9))],
    ["a gain of less than a fifth", proposal(score(81), score(100))],
    ["a loss", proposal(score(60), score(50))],
    ["a dearer place, however fast", proposal(score(1, 1), score(100, 0))],
  ])("keeps what runs for %s", (_, next) => {
    expect(judge(next, 9999, 0)).toEqual({ verdict: "keep" });
  });

  it("takes a better rank for a gain, which has to last too", () => {
    const cheaper = proposal(score(100, 0), score(1, 1));
    expect(judge(cheaper, 0)).toEqual({ verdict: "wait", sinceMs: 0 });
    expect(judge(cheaper, 3000, 0)).toEqual({ verdict: "move" });
  });

  it("moves at once when the present place is gone", () => {
    expect(judge(proposal(score(90), undefined), 0)).toEqual({ verdict: "move" });
    const node = one();
    const gone = placeNodes(node, [local()], { current: () => "id-gpu" });
    expect(judgeMove({ next: gone, current: () => "id-gpu", nowMs: 0, sinceMs: undefined })).toEqual({
      verdict: "move",
    });
    expect(listMoves(gone, () => "id-gpu")).toEqual([{ node: "a", from: "id-gpu", to: "local" }]);
  });
});

/** Runs placement and judgement every half second; `timesAt` gives what is measured then. Where the node was, and when it moved. */
function simulate(
  seconds: number,
  timesAt: (step: number) => Record<string, number>,
): { readonly place: string; readonly movedAtMs: readonly number[] } {
  const node = one();
  const places = [local(), peer("x"), peer("y")];
  const movedAtMs: number[] = [];
  let place = "local";
  let sinceMs: number | undefined;
  for (let step = 0; step < seconds * 2; step++) {
    const current = () => place;
    const next = placeNodes(node, places, { ...measured({ a: timesAt(step) }), current });
    const move = judgeMove({ next, current, nowMs: step * 500, sinceMs });
    sinceMs = move.verdict === "wait" ? move.sinceMs : undefined;
    if (move.verdict !== "move") continue;
    place = next.decisions.get("a")!.place;
    movedAtMs.push(step * 500);
  }
  return { place, movedAtMs };
}

describe("a running pipeline", () => {
  const noise = fc.array(fc.double({ min: 0.92, max: 1.08, noNaN: true }), {
    minLength: 360,
    maxLength: 360,
  });

  it("stays where it is while measurements only waver", () => {
    fc.assert(
      fc.property(noise, fc.integer({ min: 10, max: 200 }), (factors, ms) => {
        const { movedAtMs } = simulate(60, (step) => ({
          local: ms * factors[step * 3]!,
          x: ms * factors[step * 3 + 1]!,
          y: ms * factors[step * 3 + 2]!,
        }));
        expect(movedAtMs).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("moves once for a change for good, three seconds after it, and back when that ends", () => {
    fc.assert(
      fc.property(noise, (factors) => {
        const { place, movedAtMs } = simulate(60, (step) => ({
          local: 100 * factors[step * 3]!,
          x: (step >= 20 && step < 80 ? 40 : 400) * factors[step * 3 + 1]!,
          y: 400 * factors[step * 3 + 2]!,
        }));
        expect(movedAtMs).toEqual([13_000, 43_000]);
        expect(place).toBe("local");
      }),
      { numRuns: 50 },
    );
  });

  it("doesn't move for a change that is over sooner", () => {
    const { movedAtMs } = simulate(60, (step) => ({ local: step % 10 < 5 ? 400 : 50, x: 50, y: 50 }));
    expect(movedAtMs).toEqual([]);
  });
});
