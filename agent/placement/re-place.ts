// Whether a running pipeline moves: only for a gain that is worth it and lasts, at once when a place is gone.
import type { Assignment } from "./place.ts";

export interface MoveRules {
  /** What the whole must gain: this share of its time, and as many ms. */
  readonly leastGainShare: number;
  readonly leastGainMs: number;
  /** How long the gain must have been there without a break, in ms. */
  readonly holdMs: number;
}

/** A move costs a stage's opening and, of a stateful one, its state. */
export const moveRules: MoveRules = { leastGainShare: 0.2, leastGainMs: 5, holdMs: 3000 };

/** `wait`: ask again soon, with `sinceMs` of this answer. */
export type Move =
  | { readonly verdict: "keep" }
  | { readonly verdict: "wait"; readonly sinceMs: number }
  | { readonly verdict: "move" };

export interface MoveQuestion {
  /** Made with `facts.current`: what runs now. */
  readonly next: Assignment;
  readonly current: (node: string) => string | undefined;
  readonly nowMs: number;
  /** Since when something has been better by enough, as the last answer had it; undefined where that answer was another. */
  readonly sinceMs: number | undefined;
}

/** Pure. A better rank (a lower price, a stronger machine) is gain enough, and has to last as well. The better placement may be another
 * one from time to time: what counts is that the present one stays behind. */
export function judgeMove(
  { next, current, nowMs, sinceMs }: MoveQuestion,
  rules: MoveRules = moveRules,
): Move {
  if (listMoves(next, current).length === 0) return { verdict: "keep" };
  if (next.current === undefined) return { verdict: "move" };
  if (!isWorthIt(next, rules)) return { verdict: "keep" };
  const since = sinceMs ?? nowMs;
  return nowMs - since >= rules.holdMs ? { verdict: "move" } : { verdict: "wait", sinceMs: since };
}

/** The nodes that would run elsewhere, with where. */
export function listMoves(
  { decisions }: Assignment,
  current: (node: string) => string | undefined,
): { readonly node: string; readonly from: string | undefined; readonly to: string }[] {
  return [...decisions.values()]
    .map(({ node, place }) => ({ node, from: current(node), to: place }))
    .filter(({ from, to }) => from !== to);
}

function isWorthIt({ score, current }: Assignment, { leastGainShare, leastGainMs }: MoveRules): boolean {
  if (current === undefined) return true;
  if (score.rank !== current.rank) return score.rank < current.rank;
  const gainMs = current.ms - score.ms;
  return gainMs >= leastGainMs && gainMs >= leastGainShare * current.ms;
}
