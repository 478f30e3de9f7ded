// buildStations: a graph becomes stations joined by channels.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { FrameSink, FrameSource } from "../node/runner.ts";
import { Channel, type QueueLimits } from "./channel.ts";
import type { Graph, GraphUnit, PortRef, SinkNode } from "./graph.ts";
import { Merge } from "./merge.ts";
import { OutputPort } from "./output-port.ts";
import type { Scheduler } from "./scheduler.ts";
import { type SinkEvents, SinkStation } from "./sink-station.ts";
import { type SourceEvents, SourceStation } from "./source-station.ts";
import { type UnitEvents, UnitStation } from "./unit-station.ts";

export interface Stations {
  readonly sources: readonly SourceStation[];
  readonly units: readonly UnitStation[];
  readonly sinks: readonly SinkStation[];
  /** By node id. */
  readonly sourceNodes: ReadonlyMap<string, SourceStation>;
  readonly sinkNodes: ReadonlyMap<string, SinkStation>;
}

export interface StationEvents {
  readonly source: SourceEvents;
  readonly unit: UnitEvents;
  readonly sink: SinkEvents;
}

type Producer = SourceStation | UnitStation;
type Consumer = UnitStation | SinkStation;
type Outputs = ReadonlyMap<string, ReadonlyMap<string, OutputPort>>;

/** A channel with its place in its consumer's merge. */
interface Join {
  readonly producer: Producer;
  readonly output: OutputPort;
  readonly consumer: Consumer;
  /** The producing node; undefined for a source that is bound to an input. */
  readonly node: string | undefined;
  readonly port: string | undefined;
}

/** Throws `internal` where the graph names nodes or ports that it doesn't have: whoever planned it is wrong. */
export function buildStations(
  graph: Graph,
  limits: QueueLimits,
  scheduler: Scheduler,
  events: StationEvents,
): Stations {
  const outputs = collectOutputs(graph);
  const units = new Map(
    graph.units.map((unit) => {
      const ports = new Map(unit.nodes.map((node) => [node.id, outputs.get(node.id)!]));
      const made = { id: unit.id, runner: unit.runner, outputs: ports, maxBytes: limits.bytes };
      return [unit, new UnitStation(made, scheduler, events.unit)];
    }),
  );
  const origins = new Map(
    (graph.sourceNodes ?? []).map(({ id, source }) => [
      id,
      new SourceStation(source, scheduler, events.source, outputs.get(id)),
    ]),
  );
  const bound = new Map<FrameSource, SourceStation>();
  for (const { source } of graph.sources) {
    if (!bound.has(source)) bound.set(source, new SourceStation(source, scheduler, events.source));
  }
  const sinks = new Map<FrameSink, SinkStation>();
  for (const { sink } of [...(graph.sinkNodes ?? []), ...graph.sinks]) {
    if (!sinks.has(sink)) sinks.set(sink, new SinkStation(sink, scheduler, events.sink));
  }
  const producing = new Map<string, Producer>([
    ...graph.units.flatMap((unit) => unit.nodes.map((node) => [node.id, units.get(unit)!] as const)),
    ...origins,
  ]);
  const consuming = (to: PortRef): Consumer => {
    const end = consumerOf(graph, to);
    return "sink" in end ? sinks.get(end.sink)! : units.get(end)!;
  };
  joinStations(listJoins(graph, { outputs, bound, sinks, producing, consuming }), limits);
  return {
    sources: [...origins.values(), ...bound.values()],
    units: [...units.values()],
    sinks: [...sinks.values()],
    sourceNodes: origins,
    sinkNodes: new Map((graph.sinkNodes ?? []).map(({ id, sink }) => [id, sinks.get(sink)!])),
  };
}

interface Ends {
  readonly outputs: Outputs;
  readonly bound: ReadonlyMap<FrameSource, SourceStation>;
  readonly sinks: ReadonlyMap<FrameSink, SinkStation>;
  readonly producing: ReadonlyMap<string, Producer>;
  consuming(to: PortRef): Consumer;
}

/** In the order that breaks ties: bound sources, connections as the manifest has them, sinks. */
function listJoins(graph: Graph, ends: Ends): Join[] {
  const { outputs, bound, sinks, producing, consuming } = ends;
  return [
    ...graph.sources.map(({ source, ...to }) => {
      const producer = bound.get(source)!;
      const output = producer.outputOf("")!;
      return { producer, output, consumer: consuming(to), node: undefined, port: to.port };
    }),
    ...graph.connections
      .toSorted((one, other) => one.order - other.order)
      .map(({ from, to }) => {
        const output = outputs.get(from.node)!.get(from.port)!;
        const { node } = from;
        return { producer: producing.get(node)!, output, consumer: consuming(to), node, port: to.port };
      }),
    ...graph.sinks.map(({ node, port, sink, as }) => {
      const output = outputs.get(node)!.get(port)!;
      return { producer: producing.get(node)!, output, consumer: sinks.get(sink)!, node, port: as };
    }),
  ];
}

/** An output port for each output that is connected to something. */
function collectOutputs(graph: Graph): Map<string, Map<string, OutputPort>> {
  const giving = [...graph.units.flatMap(({ nodes }) => nodes), ...(graph.sourceNodes ?? [])];
  const outputs = new Map(giving.map((node) => [node.id, new Map<string, OutputPort>()]));
  for (const { node, port } of [...graph.connections.map(({ from }) => from), ...graph.sinks]) {
    const ports = outputs.get(node);
    if (ports === undefined) {
      throw new RemoteMediaError("internal", `the graph has no node ${node} that gives frames`);
    }
    if (!ports.has(port)) ports.set(port, new OutputPort());
  }
  return outputs;
}

function consumerOf(graph: Graph, to: PortRef): GraphUnit | SinkNode {
  const end =
    graph.units.find(({ nodes }) => nodes[0]?.id === to.node) ??
    graph.sinkNodes?.find(({ id }) => id === to.node);
  if (end === undefined) {
    throw new RemoteMediaError("internal", `no unit's root and no sink is the node ${to.node}`);
  }
  if (!end.inputs.includes(to.port)) {
    throw new RemoteMediaError("internal", `the node ${to.node} has no input ${to.port}`);
  }
  return end;
}

/** Makes the channels and gives each consumer its merge. */
function joinStations(joins: readonly Join[], limits: QueueLimits): void {
  const inputs = new Map<Consumer, Channel[]>();
  for (const { producer, output, consumer, node, port } of joins) {
    const channel = new Channel({ node, port, producer, consumer }, limits);
    output.channels.push(channel);
    const channels = inputs.get(consumer);
    if (channels === undefined) inputs.set(consumer, [channel]);
    else channels.push(channel);
  }
  for (const [consumer, channels] of inputs) consumer.merge = new Merge(channels);
  const consumersOf = (output: OutputPort) =>
    joins.filter((join) => join.output === output).map((join) => join.consumer);
  const known = new Map<Consumer, boolean>();
  const leadsToMerge = (consumer: Consumer): boolean => {
    const answer = known.get(consumer);
    if (answer !== undefined) return answer;
    known.set(consumer, consumer.merge.isMerging);
    const leads =
      consumer.merge.isMerging ||
      (consumer instanceof UnitStation &&
        consumer.outputPorts.some((output) => consumersOf(output).some(leadsToMerge)));
    known.set(consumer, leads);
    return leads;
  };
  for (const { output, consumer } of joins) {
    if (leadsToMerge(consumer)) output.hasMergeDownstream = true;
  }
}
