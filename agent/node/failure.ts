// A node's failure at run time: what the report lists and what the error policy decides on.
import type { ErrorCode } from "../../platform/base/error-codes.ts";

/** The codes with which a node can fail while it runs. `node-invalid-params` comes from `open` only. */
export type FailureCode = Extract<
  ErrorCode,
  | "node-timeout"
  | "node-fuel-exhausted"
  | "node-trap"
  | "node-killed"
  | "node-bad-output"
  | "node-output-limit"
  | "node-invalid-params"
  | "node-bad-input"
  | "node-fatal"
  // Of a stage that runs elsewhere: its frame was lost with its peer, or took longer than it may.
  | "peer-lost"
  | "peer-deadline"
>;

/** One failure of one node. `framePts` is undefined when it happened in `open` or `flush`. */
export interface NodeFailure {
  readonly node: string;
  readonly nodeType: string;
  readonly code: FailureCode;
  readonly message: string;
  readonly framePts: number | undefined;
  /** How many calls of this node in a row have failed, this one included. */
  readonly consecutive: number;
}

/** What a node's failure leads to. `skip` keeps the instance, and only after `node-bad-input`; every other failure
 * under `skip` is treated as `restart`. */
export interface ErrorPolicy {
  readonly action: "restart" | "skip" | "stop";
  /** Consecutive failures that end the run. */
  readonly giveUpAfter: number;
}

export const defaultErrorPolicy: ErrorPolicy = { action: "restart", giveUpAfter: 5 };
