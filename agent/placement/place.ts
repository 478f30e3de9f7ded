// Where nodes may run, and what was decided about each: candidates, scores and reasons.
import type { Reason } from "../capability/match-capabilities.ts";
import type { CapabilityStatement } from "../capability/statement.ts";

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

export interface ConsideredPlace {
  readonly place: string;
  readonly name: string;
  readonly verdict: "chosen" | "fallback" | "refused";
  /** Lower is better; estimated ms a frame under `latency`; undefined when refused. */
  readonly score: number | undefined;
  /** Why, for people: what it lacks, or what its score is made of. */
  readonly reasons: readonly string[];
  /** The needs that it doesn't meet. */
  readonly unmet: readonly Reason[];
}

/** The decision about one node: the chosen place first, then the fallbacks in their order, then the refused. */
export interface NodePlacementDecision {
  readonly node: string;
  readonly place: string;
  readonly considered: readonly ConsideredPlace[];
}

/** Place of each node, and why. */
export interface Assignment {
  readonly decisions: ReadonlyMap<string, NodePlacementDecision>;
}
