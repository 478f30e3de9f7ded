// A lane: a stage opened at one place, whoever runs it there.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeFailure } from "../node/failure.ts";
import type { Frame } from "../node/frame.ts";
import type { Emission } from "../node/runner.ts";

/** A call as a lane takes it. */
export interface LaneCall {
  /** The caller's own; never the same twice on one lane. */
  readonly number: number;
  /** Undefined: the flush. */
  readonly frame: Frame | undefined;
}

/** What a call led to. */
export interface CallResult {
  readonly emissions: readonly Emission[];
  readonly failures: readonly NodeFailure[];
  /** Of the emissions' data. */
  readonly bytes: number;
  /** From the call's arrival there to its end, and the part of it that it waited, in µs. */
  readonly serviceUs: number;
  readonly waitedUs: number;
}

/** What a lane tells. None of it is told before `open` has resolved, nor after `ended` or `close`. */
export interface LaneEvents {
  answered(call: number, result: CallResult): void;
  /** The call wasn't taken; nothing of it was done. */
  refused(call: number, why: RemoteMediaError): void;
  /** It may have room for a call again. */
  room(): void;
  /** It is gone, and with it every call without an answer. */
  ended(why: RemoteMediaError): void;
  /** Whether the caller can't go on without an answer of this lane. */
  isNeeded(): boolean;
}

export interface Lane {
  /** @throws RemoteMediaError when the stage can't be opened there; the lane is of no more use then */
  open(): Promise<void>;
  /** Calls without an answer. */
  readonly inFlight: number;
  /** For how long it has shown no progress while it has calls, in ms; 0 while it has none. */
  quietMs(): number;
  canTake(call: LaneCall): boolean;
  /** Only what `canTake` takes. May lead to `ended` before it returns. */
  send(call: LaneCall): void;
  /** A result has left: its bytes are no longer held on this lane's account. */
  release(result: CallResult): void;
  /** Looks again at what it may grant: what `isNeeded` says may have changed. */
  refresh(): void;
  /** Gives it up with a reason; leads to `ended`. */
  fail(why: RemoteMediaError): void;
  /** Idempotent. */
  close(): Promise<void>;
}
