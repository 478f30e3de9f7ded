// openNatives: the pipeline's native nodes as the executor's source and sink nodes.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { SinkNode, SourceNode } from "../executor/graph.ts";
import type { ResolvedNode } from "../manifest/resolved.ts";
import type { NativeContext, NativeNodeType } from "../native/node-type.ts";
import type { NativeParts } from "./native-parts.ts";

export interface NativeEnds {
  readonly sourceNodes: readonly SourceNode[];
  readonly sinkNodes: readonly SinkNode[];
}

/** What the rest of the pipeline has to do with native nodes, as `node.port`. */
export interface UsedPorts {
  /** Outputs that something takes. */
  readonly wanted: ReadonlySet<string>;
  /** Inputs that something gives to. */
  readonly connected: ReadonlySet<string>;
}

/** Opens each native node; nothing runs yet. Where one can't be opened, sinks that were are aborted. */
export async function openNatives(
  nodes: readonly ResolvedNode[],
  types: ReadonlyMap<string, NativeNodeType>,
  used: UsedPorts,
  parts: NativeParts & Pick<NativeContext, "clock" | "onEvent">,
): Promise<NativeEnds> {
  const sourceNodes: SourceNode[] = [];
  const sinkNodes: SinkNode[] = [];
  try {
    for (const { id, type, params, descriptor } of nodes) {
      const native = types.get(type);
      const inputs = Object.keys(descriptor.inputs);
      const context: NativeContext = {
        ...parts,
        node: id,
        wanted: new Set(Object.keys(descriptor.outputs).filter((port) => used.wanted.has(`${id}.${port}`))),
        connected: new Set(inputs.filter((port) => used.connected.has(`${id}.${port}`))),
      };
      if (native?.openSource !== undefined) {
        sourceNodes.push({ id, type, source: await native.openSource(params, context) });
      } else if (native?.openSink !== undefined) {
        sinkNodes.push({ id, type, sink: await native.openSink(params, context), inputs });
      } else throw new RemoteMediaError("internal", `the native node type ${type} can't be opened`);
    }
  } catch (thrown) {
    await Promise.all(sinkNodes.map(({ sink }) => sink.abort()));
    throw toRemoteMediaError(thrown);
  }
  return { sourceNodes, sinkNodes };
}
