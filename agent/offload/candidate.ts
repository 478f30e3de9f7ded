// Where a stage may run: the peers and the machine itself, each with what it takes to begin there.
import type { NodeFailure } from "../node/failure.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { PeerSession } from "../protocol/peer-session.ts";

/** A place for a stage. `score` is placement's: lower is better, in estimated ms a frame. */
export type Candidate = PeerCandidate | LocalCandidate;

export interface PeerCandidate {
  readonly kind: "peer";
  /** The peer's device id. */
  readonly place: string;
  /** For people; printable. */
  readonly name: string;
  /** A session with it, made where there is none. Rejects when it can't be had. */
  session(): Promise<PeerSession>;
  readonly score: number;
}

export interface LocalCandidate {
  readonly kind: "local";
  readonly place: "local";
  readonly name: string;
  /** A fresh runner, not opened. */
  open(): NodeRunner;
  readonly score: number;
}

/** A stage as its caller knows it. */
export interface OffloadedStage {
  /** The root first. */
  readonly nodes: readonly OffloadedNode[];
  /** The id of the node that frames enter. */
  readonly root: string;
  /** A manifest with these nodes only, JSON text. */
  readonly manifest: string;
  /** Outputs, `node.port`, whose frames are taken. */
  readonly wanted: readonly string[];
  /** Digest of the package that has the modules; absent where every node is built in. */
  readonly package?: string | undefined;
  /** Whether a call may depend on earlier ones: such a stage has one place at a time, and isn't replayed. */
  readonly stateful: boolean;
  /** From `process` to its outcome, in ms; 0: no limit. */
  readonly deadlineMs: number;
  /** Devices on whose behalf this is opened, this one last. */
  readonly path: readonly string[];
  /** What a call may take by its nodes' limits, in ms. A peer that says nothing for longer, and a grace, is given up. */
  readonly maxCallMs: number;
  /** What a call's output may be; default: the default limits of a node, once for each node. */
  readonly maxFramesOut?: number | undefined;
  readonly maxOutputBytes?: number | undefined;
}

export interface OffloadedNode {
  readonly id: string;
  readonly type: string;
  /** Of its error policy, for the count of restarts; default `restart`. */
  readonly action?: "restart" | "skip" | "stop" | undefined;
}

/** What happened, for logs and for the control socket. */
export type OffloadEvent =
  | { readonly kind: "opened"; readonly place: string; readonly name: string }
  /** A place was given up, or did not open. `replayed` calls go elsewhere. */
  | {
      readonly kind: "lost";
      readonly place: string;
      readonly name: string;
      readonly code: string;
      readonly message: string;
      readonly replayed: number;
    }
  /** It has said nothing for a while; others are asked as well. */
  | { readonly kind: "suspected"; readonly place: string; readonly name: string }
  /** Calls of a stateful stage that were lost with its place: state begins anew. */
  | { readonly kind: "gap"; readonly place: string; readonly name: string; readonly calls: number }
  /** A call that ended here, without a node having failed. */
  | { readonly kind: "failed"; readonly failure: NodeFailure };
