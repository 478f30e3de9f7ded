// Runs a loaded pipeline with files at its open ends.
import type { MediaDecoder } from "../../platform/contract/media-decoder.ts";
import type { GraphSink, GraphSource } from "../executor/graph.ts";
import type { Progress } from "../executor/progress-meter.ts";
import { type RunResult, runGraph } from "../executor/run-graph.ts";
import type { PortReference } from "../manifest/resolved.ts";
import { nativeNodes } from "../native/native-nodes.ts";
import type { NativeEvent } from "../native/node-type.ts";
import { openSinks } from "../native/open-sinks.ts";
import { openSource } from "../native/open-source.ts";
import type { SandboxPool } from "../sandbox/sandbox-pool.ts";
import type { GuestLog } from "../sandbox/stage-runner.ts";
import { type Binding, bindInputs, bindOutputs } from "./bind-ends.ts";
import { buildUnits } from "./build-units.ts";
import type { LoadedPipeline } from "./load-pipeline.ts";
import type { NativeParts } from "./native-parts.ts";
import { type NativeEnds, openNatives } from "./open-natives.ts";
import { openPipelineClock } from "./pipeline-clock.ts";

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
}

export interface RunParts {
  readonly pool: SandboxPool;
  readonly decoder: MediaDecoder;
  readonly native: NativeParts;
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
  const natives = await openNatives(
    pipeline.resolved.nodes.filter(({ runtime }) => runtime === "native"),
    nativeNodes,
    {
      wanted,
      connected: portsOf([...plan.connections.map(({ to }) => to), ...inputs.map(({ port }) => port)]),
    },
    { ...parts.native, clock: openPipelineClock(), onEvent: request.onEvent },
  );
  const sinks = await bindSinks(outputs, request.raw, natives);
  return runGraph({
    units: buildUnits(pipeline, wanted, parts.pool, request.onLog),
    ...natives,
    connections: plan.connections,
    sources,
    sinks,
    drain: request.drain,
    stop: request.stop,
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  });
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
