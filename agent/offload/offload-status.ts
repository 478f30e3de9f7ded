// How an offloaded stage stands, for people and for the control socket.
import type { BreakerState } from "./circuit-breaker.ts";
import type { Hops } from "./hop-times.ts";
import type { LaneSlot } from "./lane-slot.ts";

export interface OffloadStatus {
  readonly candidates: readonly CandidateStatus[];
  /** Calls that have no outcome yet, and those of them that are nowhere. */
  readonly unsettled: number;
  readonly waiting: number;
}

export interface CandidateStatus {
  readonly place: string;
  readonly name: string;
  readonly kind: "peer" | "local";
  readonly score: number;
  /** `suspect`: it has calls and has said nothing for a while. `paused`: it failed and is tried again. `leaving`: no candidate any more. */
  readonly state: "idle" | "opening" | "open" | "suspect" | "paused" | "leaving";
  readonly inFlight: number;
  /** From sending a call to its answer, in µs, of the last 256; undefined before the first. */
  readonly latencyUs: { readonly p50: number; readonly p95: number } | undefined;
  readonly hops: Hops;
  readonly breaker: BreakerState;
  readonly lastError: { readonly code: string; readonly message: string } | undefined;
}

export function describeSlot(slot: LaneSlot): CandidateStatus {
  const { candidate, hops, lastError } = slot;
  const p50 = hops.total.quantile(0.5);
  const p95 = hops.total.quantile(0.95);
  return {
    place: candidate.place,
    name: candidate.name,
    kind: candidate.kind,
    score: candidate.score,
    state: stateOf(slot),
    inFlight: slot.inFlight,
    latencyUs: p50 === undefined || p95 === undefined ? undefined : { p50, p95 },
    hops: hops.medians(),
    breaker: slot.breaker.state,
    lastError: lastError && { code: lastError.code, message: lastError.message },
  };
}

function stateOf(slot: LaneSlot): CandidateStatus["state"] {
  if (slot.isRetired) return "leaving";
  if (slot.isSuspect) return "suspect";
  if (slot.state === "idle" && !slot.breaker.mayTry) return "paused";
  return slot.state;
}
