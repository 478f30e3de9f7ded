// The search for places, against trying them all.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignPlaces } from "../../../agent/placement/assign-places.ts";
import { type Link, type PlacementProblem, totalCost } from "../../../agent/placement/placement-problem.ts";

/** Wholes, so that equal sums are equal. */
const whole = (max: number) => fc.nat(max);

interface Shape {
  readonly nodes: number;
  readonly ends: readonly (readonly [number, number])[];
}

/** Each node after the first hangs on an earlier one, in either direction. */
const tree: fc.Arbitrary<Shape> = fc
  .array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 5 })
  .map((hung) => ({
    nodes: hung.length + 1,
    ends: hung.map(([nat, isUp], at) => {
      const other = nat % (at + 1);
      return isUp ? ([at + 1, other] as const) : ([other, at + 1] as const);
    }),
  }));

const graph: fc.Arbitrary<Shape> = fc.integer({ min: 2, max: 6 }).chain((nodes) =>
  fc
    .uniqueArray(fc.tuple(fc.nat(nodes - 1), fc.nat(nodes - 1)), {
      selector: ([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`,
    })
    .map((pairs) => ({
      nodes,
      ends: pairs.filter(([a, b]) => a !== b).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
    })),
);

function problemOf(shape: fc.Arbitrary<Shape>): fc.Arbitrary<PlacementProblem> {
  return fc.tuple(shape, fc.integer({ min: 1, max: 4 })).chain(([{ nodes, ends }, places]) => {
    const numbers = (length: number, most: number) =>
      fc.array(whole(most), { minLength: length, maxLength: length });
    return fc
      .record({
        cost: fc.array(fc.option(whole(30), { nil: Number.POSITIVE_INFINITY, freq: 4 }), {
          minLength: nodes * places,
          maxLength: nodes * places,
        }),
        sure: numbers(nodes, places - 1),
        links: fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), whole(5)), {
          minLength: ends.length,
          maxLength: ends.length,
        }),
        enter: numbers(places, 9),
        leave: numbers(places, 9),
        perByte: numbers(places, 3),
      })
      .map(({ cost, sure, links, enter, leave, perByte }) => {
        for (const [node, place] of sure.entries()) {
          const at = node * places + place;
          if (cost[at] === Number.POSITIVE_INFINITY) cost[at] = 12;
        }
        const incoming = (to: number) =>
          ends.reduce((sum, end, at) => sum + (end[1] === to ? links[at]![0] : 0), 0);
        return {
          nodes,
          places,
          cost: Float64Array.from(cost),
          links: ends.map(([from, to], at): Link => {
            const [count, bytes] = links[at]!;
            return { from, to, count, bytes, joins: incoming(to) === 1 };
          }),
          // Place 0 is this machine: there is no way to it.
          enter: Float64Array.from(enter, (value, place) => (place === 0 ? 0 : value)),
          leave: Float64Array.from(leave, (value, place) => (place === 0 ? 0 : value)),
          perByte: Float64Array.from(perByte, (value, place) => (place === 0 ? 0 : value)),
        };
      });
  });
}

function leastOfAll(problem: PlacementProblem): number {
  let least = Number.POSITIVE_INFINITY;
  const at = new Uint16Array(problem.nodes);
  const visit = (node: number) => {
    if (node === problem.nodes) {
      least = Math.min(least, totalCost(problem, at));
      return;
    }
    for (let place = 0; place < problem.places; place++) {
      at[node] = place;
      visit(node + 1);
    }
  };
  visit(0);
  return least;
}

describe("assignPlaces", () => {
  it("finds the least there is on every tree", () => {
    fc.assert(
      fc.property(problemOf(tree), (problem) => {
        expect(totalCost(problem, assignPlaces(problem))).toBe(leastOfAll(problem));
      }),
      { numRuns: 1000 },
    );
  });

  it("ends on any graph where no single node gains by moving, and never worse than all at one place", () => {
    fc.assert(
      fc.property(problemOf(graph), (problem) => {
        const at = assignPlaces(problem);
        const total = totalCost(problem, at);
        expect(total).toBeLessThan(Number.POSITIVE_INFINITY);
        for (let place = 0; place < problem.places; place++) {
          const all = new Uint16Array(problem.nodes).fill(place);
          expect(total).toBeLessThanOrEqual(totalCost(problem, all));
          for (let node = 0; node < problem.nodes; node++) {
            const moved = at.with(node, place);
            expect(total).toBeLessThanOrEqual(totalCost(problem, moved));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("misses the least of graphs with cycles seldom", () => {
    const problems = fc.sample(problemOf(graph), { seed: 7, numRuns: 500 });
    const missed = problems.filter(
      (problem) => totalCost(problem, assignPlaces(problem)) > leastOfAll(problem),
    );
    expect(missed.length).toBeLessThanOrEqual(5);
  });

  it("places 4096 nodes on 256 machines within a second, a mesh of branches too", () => {
    const [nodes, places] = [4096, 256];
    const random = randomBy(11);
    const cost = Float64Array.from({ length: nodes * places }, () => random() * 50);
    const ends = Array.from({ length: 16_384 }, (_, at) => [at % (nodes - 1), 0] as const).map(
      ([from]) => [from, from + 1 + Math.floor(random() * Math.min(64, nodes - 1 - from))] as const,
    );
    const unique = [...new Map(ends.map((end) => [end.join(">"), end])).values()];
    const links = unique.map(([from, to]): Link => ({ from, to, count: 1, bytes: 4096, joins: false }));
    const ends256 = () => Float64Array.from({ length: places }, (_, at) => (at === 0 ? 0 : random() * 10));
    const perByte = new Float64Array(places).fill(1e-5).with(0, 0);
    const problem = { nodes, places, cost, links, enter: ends256(), leave: ends256(), perByte };
    const start = performance.now();
    const at = assignPlaces(problem);
    const tookMs = performance.now() - start;
    expect(totalCost(problem, at)).toBeLessThan(totalCost(problem, new Uint16Array(nodes)));
    // A loaded machine of two cores takes several times what an idle one does.
    expect(tookMs).toBeLessThan(5000);
  });
});

/** Numbers from 0 to 1, the same ones for a seed. */
function randomBy(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
