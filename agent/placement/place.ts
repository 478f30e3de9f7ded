// Where nodes may run, and what was decided about each: candidates, scores and reasons.
import type { Reason } from "../capability/match-capabilities.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { ResolvedConnection } from "../manifest/resolved.ts";

/** A machine that nodes may run on. `local` is this one. */
export interface Place {
  /** `local`, or the peer's device id. */
  readonly id: string;
  /** For people and for `host`. */
  readonly name: string;
  readonly statement: CapabilityStatement;
  /** Round trip to it, in ms; 0 for local; undefined where nobody has measured it. */
  readonly rttMs: number | undefined;
  /** Bytes a second that the way to it carries, where that was measured. */
  readonly bytesPerSecond: number | undefined;
  /** Addresses, `host:port`, that a manifest's `host` may name it by. */
  readonly addresses: readonly string[];
  /** Why it may not run anything for us (no role `execute`, breaker open, expired): it is named, and never chosen. */
  readonly barred?: string | undefined;
  /** Asked price, as its statement says; 0 for local, undefined unknown. */
  readonly price?: number | undefined;
}

/** What is measured of a node at a place: median time of a call in ms. */
export type MeasuredTimes = (node: string, place: string) => number | undefined;

/** What is known of a pipeline beyond its manifest. All optional: what nobody has measured is guessed, and the reasons say so. */
export interface PlacementFacts {
  readonly measured?: MeasuredTimes | undefined;
  /** Mean bytes of a frame on a connection. */
  readonly frameBytes?: ((connection: ResolvedConnection) => number | undefined) | undefined;
  /** Where each node runs now; gives `Assignment.current`. */
  readonly current?: ((node: string) => string | undefined) | undefined;
}

/** Parts of a frame's time at a place, in ms, as if the node were there alone. The ways are 0 for local. */
export interface PlaceTimes {
  readonly computeMs: number;
  /** Where `computeMs` is from: measured there, scaled from what is measured elsewhere, or guessed. */
  readonly known: "measured" | "scaled" | "guessed";
  /** How long a frame that comes to the place waits there for its turn. */
  readonly queueMs: number;
  readonly thereMs: number;
  readonly backMs: number;
}

/** How good a placement is; compared by `rank` first. Lower is better. */
export interface Score {
  /** What the policy puts before time, as a place in a row: strength (`greedy`), price (`cost`); 0 under the others. */
  readonly rank: number;
  /** Estimated ms a frame, with what the policy adds. */
  readonly ms: number;
}

export interface ConsideredPlace {
  readonly place: string;
  readonly name: string;
  readonly verdict: "chosen" | "fallback" | "refused";
  /** How gladly the node goes there: lower ones come first, whatever their scores; by `placement.prefer`, and 2 more where it is over its
   * deadline. Infinity when refused. */
  readonly tier: number;
  /** Of this node there, its neighbours being where they are placed; undefined when refused. */
  readonly score: Score | undefined;
  /** Undefined when refused. */
  readonly times: PlaceTimes | undefined;
  /** Why, for people: what it lacks, or what its score is made of. */
  readonly reasons: readonly string[];
  /** The needs that it doesn't meet. */
  readonly unmet: readonly Reason[];
  /** The preferences that it doesn't meet. */
  readonly missing: readonly Reason[];
}

/** The decision about one node. */
export interface NodePlacementDecision {
  readonly node: string;
  readonly place: string;
  /** The chosen place first, then the fallbacks in their order, then the refused. Worked out when it is first asked for. */
  readonly considered: readonly ConsideredPlace[];
}

/** Place of each node, and why. */
export interface Assignment {
  readonly decisions: ReadonlyMap<string, NodePlacementDecision>;
  /** Of the whole, with what is known now. */
  readonly score: Score;
  /** Of where the nodes run now, with the same facts; undefined where some place of theirs is gone or refuses, or `facts.current` is absent. */
  readonly current: Score | undefined;
}
