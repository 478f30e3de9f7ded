// A plan: which nodes run together in one child, and what crosses between them.
import type {
  OpenInput,
  OpenOutput,
  PortReference,
  ResolvedConnection,
  ResolvedNode,
} from "../manifest/resolved.ts";

/** A connection inside a stage: its frames stay in the child. */
interface StageLink {
  readonly from: PortReference;
  readonly to: PortReference;
}

/** Neighbouring nodes that share one sandbox child here or one opening at a peer, or one native node alone. A tree: every node but the root has exactly one
 * incoming connection, and that comes from inside. All frames from outside therefore enter at the root. */
export interface Stage {
  /** `stage-1`, `stage-2`, …: in the order of the plan. */
  readonly id: string;
  /** The root first, each node after the one that feeds it. */
  readonly nodes: readonly ResolvedNode[];
  /** The id of the node that frames from outside enter. */
  readonly root: string;
  readonly links: readonly StageLink[];
  /** `local`, or the device id of the peer that all its nodes are placed on. */
  readonly placedOn: string;
}

/** Why a node is in its stage: for people who run `validate`. */
export interface StageDecision {
  readonly node: string;
  readonly stage: string;
  readonly reason: string;
}

export interface Plan {
  /** Each after all stages that feed it. */
  readonly stages: readonly Stage[];
  /** Between stages; `to.node` is always the root of its stage. */
  readonly connections: readonly ResolvedConnection[];
  readonly openInputs: readonly OpenInput[];
  readonly openOutputs: readonly OpenOutput[];
  /** One a node, in the order of the stages. */
  readonly decisions: readonly StageDecision[];
}
