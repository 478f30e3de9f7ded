// Runs a loaded pipeline with files at its open ends.
import type { MediaDecoder } from "../../platform/contract/media-decoder.ts";
import type { GraphSink, GraphSource } from "../executor/graph.ts";
import type { Progress } from "../executor/progress-meter.ts";
import { type RunResult, runGraph } from "../executor/run-graph.ts";
import type { PortReference, ResolvedNode } from "../manifest/resolved.ts";
import { remotePipelineType } from "../native/native-names.ts";
import type { NativeEvent } from "../native/node-type.ts";
import { openSinks } from "../native/open-sinks.ts";
import { openSource } from "../native/open-source.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { OffloadEvent } from "../offload/candidate.ts";
import type { Stage } from "../placement/plan.ts";
import type { GuestLog } from "../sandbox/stage-runner.ts";
import { type Binding, bindInputs, bindOutputs } from "./bind-ends.ts";
import { buildUnits } from "./build-units.ts";
import type { LoadedPipeline } from "./load-pipeline.ts";
import type { NativeParts } from "./native-parts.ts";
import { type NativeEnds, openNatives, type UsedPorts } from "./open-natives.ts";
import { openPipelineClock } from "./pipeline-clock.ts";
import type { PlacedStages } from "./placed-stages.ts";

export interface RunRequest {
  /** As `--input` and `--output` take them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whether frames of neither JSON nor text carry their bytes. */
  readonly raw: boolean;
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onLog: (line: GuestLog) => void;
  /** A device or a stream was lost, or found again. */
  readonly onEvent: (event: NativeEvent) => void;
  /** A place of a stage was opened, lost, …; for pipelines that were placed. */
  readonly onOffload?: ((stage: string, event: OffloadEvent) => void) | undefined;
  /** Where its stages are, for as long as it runs; undefined where all run here. */
  readonly onPlaced?: ((placed: PlacedStages | undefined) => void) | undefined;
}

export interface RunParts {
  /** Makes the runner of a stage, wherever it was placed. `wanted` holds `node.port` of what others take of it. */
  readonly makeRunner: (
    stage: Stage,
    pipeline: LoadedPipeline,
    wanted: ReadonlySet<string>,
    request: RunRequest,
  ) => NodeRunner;
  /** Makes the runner of a RemotePipelineNode. */
  readonly makeRemoteRunner: (node: ResolvedNode, request: RunRequest) => Promise<NodeRunner>;
  readonly decoder: MediaDecoder;
  /** Asked for where the pipeline has native nodes. */
  readonly native: () => Promise<NativeParts>;
}

/** Resolves also when the run failed: the report says how. @throws RemoteMediaError when it could not begin */
export async function runPipeline(
  pipeline: LoadedPipeline,
  request: RunRequest,
  parts: RunParts,
): Promise<RunResult> {
  const { plan } = pipeline;
  const inputs = bindInputs(request.inputs, plan.openInputs);
  const outputs = bindOutputs(request.outputs, plan.openOutputs);
  const sources: GraphSource[] = [];
  for (const { port, path } of inputs) {
    const source = await openSource({ path, port: port.port, kinds: port.kinds }, { decoder: parts.decoder });
    sources.push({ node: port.node, port: port.port, source });
  }
  const wanted = portsOf([...plan.connections.map(({ from }) => from), ...outputs.map(({ port }) => port)]);
  const connected = portsOf([...plan.connections.map(({ to }) => to), ...inputs.map(({ port }) => port)]);
  const natives = await openNativeEnds(pipeline, { wanted, connected }, request, parts);
  const sinks = await bindSinks(outputs, request.raw, natives);
  const remotes = pipeline.resolved.nodes.filter(isRemotePipeline);
  const remoteUnits = await Promise.all(
    remotes.map(async (node) => ({
      id: node.id,
      runner: await parts.makeRemoteRunner(node, request),
      nodes: [{ id: node.id, type: node.type, policy: node.policy }],
      inputs: Object.keys(node.descriptor.inputs),
    })),
  );
  return runGraph({
    units: [
      ...buildUnits(plan, (stage) => parts.makeRunner(stage, pipeline, wanted, request)),
      ...remoteUnits,
    ],
    ...natives,
    connections: plan.connections,
    sources,
    sinks,
    drain: request.drain,
    stop: request.stop,
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  });
}

/** What native nodes need is loaded where there are any. */
async function openNativeEnds(
  { resolved }: LoadedPipeline,
  used: UsedPorts,
  { onEvent }: RunRequest,
  { native }: RunParts,
): Promise<NativeEnds> {
  const nodes = resolved.nodes.filter((node) => node.runtime === "native" && !isRemotePipeline(node));
  if (nodes.length === 0) return { sourceNodes: [], sinkNodes: [] };
  const { nativeNodes } = await import("../native/native-nodes.ts");
  return openNatives(nodes, nativeNodes, used, { ...(await native()), clock: openPipelineClock(), onEvent });
}

async function bindSinks(
  outputs: readonly Binding[],
  raw: boolean,
  { sinkNodes }: NativeEnds,
): Promise<GraphSink[]> {
  try {
    const opened = await openSinks(outputs.map(({ port, path }) => ({ path, node: port.node, raw })));
    return outputs.map(({ port }, index) => ({ node: port.node, port: port.port, sink: opened[index]! }));
  } catch (thrown) {
    await Promise.all(sinkNodes.map(({ sink }) => sink.abort()));
    throw thrown;
  }
}

function portsOf(ports: readonly PortReference[]): Set<string> {
  return new Set(ports.map(({ node, port }) => `${node}.${port}`));
}

/** Neither a source nor a sink, though it is native: a unit of the graph, whose work peers do. */
function isRemotePipeline({ type, runtime }: ResolvedNode): boolean {
  return runtime === "native" && type === remotePipelineType;
}
