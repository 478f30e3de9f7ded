// FailureLedger: records nodes' failures, bounded, and says which of them ends the run.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import { defaultErrorPolicy, type NodeFailure } from "../node/failure.ts";
import type { GraphNode, GraphUnit } from "./graph.ts";

/** Failures kept per node; later ones are only counted. */
export const maxKeptFailures = 1000;

/** A failure as the report lists it. */
export interface ReportedFailure {
  readonly node: string;
  readonly node_type: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** Microseconds; null where it happened in `open` or `flush`, or before a source's first frame. */
  readonly frame_pts: number | null;
}

interface Account {
  readonly kept: ReportedFailure[];
  total: number;
}

export class FailureLedger {
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #accounts = new Map<string, Account>();
  #framesDropped = 0;

  constructor(units: readonly GraphUnit[]) {
    this.#nodes = new Map(units.flatMap(({ nodes }) => nodes.map((node) => [node.id, node])));
  }

  get framesDropped(): number {
    return this.#framesDropped;
  }

  failuresOf(node: string): readonly ReportedFailure[] {
    return this.#accounts.get(node)?.kept ?? [];
  }

  totalOf(node: string): number {
    return this.#accounts.get(node)?.total ?? 0;
  }

  /** Records the failure; the error that ends the run when the node's policy says so. */
  record(failure: NodeFailure): RemoteMediaError | undefined {
    const account = this.#accounts.get(failure.node) ?? { kept: [], total: 0 };
    this.#accounts.set(failure.node, account);
    account.total++;
    if (account.kept.length < maxKeptFailures) account.kept.push(reportFailure(failure));
    if (failure.framePts !== undefined) this.#framesDropped++;
    const policy = this.#nodes.get(failure.node)?.policy ?? defaultErrorPolicy;
    const cause = new RemoteMediaError(failure.code, failure.message, { where: { node: failure.node } });
    if (policy.action === "stop") return cause;
    if (failure.consecutive < policy.giveUpAfter) return undefined;
    const times = failure.consecutive === 1 ? "once" : `${failure.consecutive} times in a row`;
    return new RemoteMediaError(
      "node-gave-up",
      `${failure.node} (${failure.nodeType}) failed ${times}, last with ${failure.code}: ${failure.message}`,
      { where: { node: failure.node }, hint: "on_error.give_up_after allows more failures in a row.", cause },
    );
  }
}

function reportFailure({ node, nodeType, code, message, framePts }: NodeFailure): ReportedFailure {
  return { node, node_type: nodeType, code, message, frame_pts: framePts ?? null };
}
