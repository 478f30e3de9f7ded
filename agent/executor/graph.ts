// The graph that the executor runs: units, connections, and what is bound to its open ends.
import type { ErrorPolicy } from "../node/failure.ts";
import type { FrameSink, FrameSource, NodeRunner } from "../node/runner.ts";

export interface GraphNode {
  readonly id: string;
  readonly type: string;
  readonly policy: ErrorPolicy;
}

/** What one runner runs: a node, or a stage of neighbouring nodes. The executor opens and closes the runner. */
export interface GraphUnit {
  readonly id: string;
  readonly runner: NodeRunner;
  /** The first is the root: the one that the unit's frames go to. */
  readonly nodes: readonly GraphNode[];
  /** The root's input ports. */
  readonly inputs: readonly string[];
}

export interface PortRef {
  readonly node: string;
  readonly port: string;
}

/** A connection between two units or nodes. Connections inside a stage are its runner's business. */
export interface GraphConnection {
  readonly from: PortRef;
  /** An input of a unit's root node, or of a sink node. */
  readonly to: PortRef;
  /** The place in the manifest: breaks ties of pts where connections merge. */
  readonly order: number;
}

/** A node that gives frames of its own: a camera, a microphone, a file. Connections and sinks name its outputs; frames on
 * others are discarded. */
export interface SourceNode {
  readonly id: string;
  readonly type: string;
  readonly source: FrameSource;
}

/** A node that keeps what it is given: a file, a loudspeaker. Its sink sees frames under the names of its inputs. */
export interface SinkNode {
  readonly id: string;
  readonly type: string;
  readonly sink: FrameSink;
  readonly inputs: readonly string[];
}

/** A source on an open input of a unit or a sink node. The same source on several inputs is read once, its frames go to each. */
export interface GraphSource extends PortRef {
  readonly source: FrameSource;
}

/** A sink on an open output. Several outputs may have the same sink: it gets their frames merged, ties in the order
 * of these bindings, and with each the node that it left. Outputs that go to one place must share a sink: between two sinks there
 * is no order. */
export interface GraphSink extends PortRef {
  readonly sink: FrameSink;
  /** What the sink sees as the frames' port; default the output's own name. */
  readonly as?: string | undefined;
}

export interface Graph {
  readonly units: readonly GraphUnit[];
  /** Default none. */
  readonly sourceNodes?: readonly SourceNode[];
  /** Default none. */
  readonly sinkNodes?: readonly SinkNode[];
  readonly connections: readonly GraphConnection[];
  readonly sources: readonly GraphSource[];
  readonly sinks: readonly GraphSink[];
}
