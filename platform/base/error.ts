// The one error class: a code from a closed set, where it happened, what to do about it.
import { type ErrorCode, type ErrorFamily, errorFamilies } from "./error-codes.ts";

/** Where an error happened. `path` is a JSON path such as `nodes[2].params.factor`; lines and columns count from 1. */
export interface ErrorWhere {
  readonly file?: string;
  readonly path?: string;
  readonly line?: number;
  readonly column?: number;
  readonly node?: string;
  readonly port?: string;
  /** Of a blob or manifest. */
  readonly digest?: string;
}

export interface ErrorDetail {
  readonly where?: ErrorWhere;
  /** What the reader can do about it: one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Every problem found, the first of them being this error's own, where a check collects several. */
  readonly problems?: readonly RemoteMediaError[];
}

/** What the program throws. Anything else that reaches the command line is a defect of ours (`internal`). */
export class RemoteMediaError extends Error {
  override readonly name = "RemoteMediaError";
  readonly code: ErrorCode;
  readonly where: ErrorWhere | undefined;
  readonly hint: string | undefined;
  /** Every problem found, in the order of the document; empty where this error is the only one. */
  readonly problems: readonly RemoteMediaError[];

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.where = detail.where;
    this.hint = detail.hint;
    this.problems = detail.problems ?? [];
  }

  get family(): ErrorFamily {
    return errorFamilies[this.code];
  }
}

/** Wraps whatever was thrown: ours as it is, the rest as `internal` with its cause. */
export function toRemoteMediaError(thrown: unknown): RemoteMediaError {
  if (thrown instanceof RemoteMediaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RemoteMediaError("internal", message, { cause: thrown });
}
