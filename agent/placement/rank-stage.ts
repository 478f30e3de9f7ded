// Where a whole stage could run: what its nodes have in common.
import type { Assignment, ConsideredPlace, Score } from "./place.ts";
import type { Stage } from "./plan.ts";

/** A place that takes every node of a stage. */
export interface StageCandidate {
  readonly place: string;
  readonly name: string;
  /** The highest of its nodes': lower ones come first, whatever their scores. */
  readonly tier: number;
  /** A frame's way there, its wait, all computing, and the way back; `rank` as each node's, summed. */
  readonly score: Score;
}

/** The places that take every node of the stage: the one where it is placed, then the others, the best first. A stage moves as a whole, so
 * the ways between its nodes don't count. Local may be among them. */
export function rankStage({ nodes, root, placedOn }: Stage, { decisions }: Assignment): StageCandidate[] {
  const ofNodes = nodes.map(({ id }) => fittingBy(decisions.get(id)?.considered ?? []));
  const entered = nodes.findIndex(({ id }) => id === root);
  const [first] = ofNodes;
  const candidates = [...(first?.values() ?? [])].flatMap(({ place, name }): StageCandidate[] => {
    const there = ofNodes.flatMap((fitting) => fitting.get(place) ?? []);
    if (there.length < nodes.length) return [];
    const { thereMs, queueMs } = there[entered]!.times!;
    const computeMs = there.reduce((sum, { times }) => sum + times!.computeMs, 0);
    const backMs = Math.max(...there.map(({ times }) => times!.backMs));
    const rank = there.reduce((sum, { score }) => sum + score!.rank, 0);
    const tier = Math.max(...there.map((one) => one.tier));
    return [{ place, name, tier, score: { rank, ms: thereMs + queueMs + computeMs + backMs } }];
  });
  const placedFirst = ({ place }: StageCandidate) => (place === placedOn ? 0 : 1);
  return candidates.toSorted(
    (a, b) =>
      placedFirst(a) - placedFirst(b) ||
      a.tier - b.tier ||
      a.score.rank - b.score.rank ||
      a.score.ms - b.score.ms,
  );
}

function fittingBy(considered: readonly ConsideredPlace[]): Map<string, ConsideredPlace> {
  return new Map(considered.filter(({ verdict }) => verdict !== "refused").map((one) => [one.place, one]));
}
