// The search: which place for each node makes the sum of what nodes and ways cost least. Numbers in, numbers out.
import { type PlacementProblem, totalCost } from "./placement-problem.ts";
import { ForestSolver } from "./solve-forest.ts";

/** Steps of the innermost loop that a search may take: some tenths of a second. */
const mostSteps = 60_000_000;
const mostRounds = 32;
/** Less than this is rounding. */
const leastGain = 1e-9;

/** A place for each node.
 *
 * A pipeline without undirected cycles is solved exactly, by a dynamic program from the leaves up: since ways are sums of two ends, a
 * message between neighbours costs a step a place, not a step a pair of places. Where branches meet again, several
 * starting points are improved: in each round as many nodes as form no cycle are solved exactly, all others staying where they are,
 * and each round begins with other nodes. No round makes it worse, and in the end no single node gains by moving. Rounds are bounded by
 * the size of the problem, so that the largest takes a fraction of a second. */
export function assignPlaces(problem: PlacementProblem): Uint16Array {
  const solver = new ForestSolver(problem);
  const apart = cheapestEach(problem);
  const everything = new Uint8Array(problem.nodes).fill(1);
  const first = solver.solve(apart, everything);
  if (first.isExact) return first.at;
  const starts = [first.at, stayHome(problem, apart), gather(problem, first.at)];
  const stepsARound = 4 * problem.places * (problem.nodes + problem.links.length);
  const rounds = Math.min(mostRounds, Math.ceil(mostSteps / starts.length / stepsARound));
  const ends = starts.map((start) => improve(problem, solver, start, rounds));
  const totals = ends.map((end) => totalCost(problem, end));
  return ends[totals.indexOf(Math.min(...totals))]!;
}

function cheapestEach({ nodes, places, cost }: PlacementProblem): Uint16Array {
  return Uint16Array.from({ length: nodes }, (_, node) => {
    let best = 0;
    for (let place = 1; place < places; place++) {
      if (cost[node * places + place]! < cost[node * places + best]!) best = place;
    }
    return best;
  });
}

function stayHome({ places, cost }: PlacementProblem, otherwise: Uint16Array): Uint16Array {
  return otherwise.map((place, node) => (cost[node * places]! < Number.POSITIVE_INFINITY ? 0 : place));
}

/** All that may be at one place there, at the place where that costs least. */
function gather(problem: PlacementProblem, otherwise: Uint16Array): Uint16Array {
  let best = otherwise;
  let least = Number.POSITIVE_INFINITY;
  for (let place = 0; place < problem.places; place++) {
    const isOpen = (node: number) => problem.cost[node * problem.places + place]! < Number.POSITIVE_INFINITY;
    const all = otherwise.map((other, node) => (isOpen(node) ? place : other));
    const total = totalCost(problem, all);
    if (total < least) [best, least] = [all, total];
  }
  return best;
}

function improve(
  problem: PlacementProblem,
  solver: ForestSolver,
  start: Uint16Array,
  rounds: number,
): Uint16Array {
  const { nodes } = problem;
  let at = start;
  let total = totalCost(problem, at);
  let idle = 0;
  for (let round = 0; round < rounds && idle < 4; round++) {
    const first = Math.floor((round * nodes * 0.618) % nodes);
    const step = round % 2 === 0 ? 1 : nodes - 1;
    const order = Array.from({ length: nodes }, (_, n) => (first + n * step) % nodes);
    const better = solver.solve(at, solver.chooseForest(order)).at;
    const cost = totalCost(problem, better);
    idle = cost < total - leastGain ? 0 : idle + 1;
    if (cost < total) [at, total] = [better, cost];
  }
  return solver.settle(at, rounds);
}
