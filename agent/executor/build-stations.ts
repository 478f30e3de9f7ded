// buildStations: a graph becomes stations joined by channels.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { FrameSink, FrameSource } from "../node/runner.ts";
import { Channel, type QueueLimits } from "./channel.ts";
import type { Graph, GraphUnit, PortRef } from "./graph.ts";
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
}

export interface StationEvents {
  readonly source: SourceEvents;
  readonly unit: UnitEvents;
  readonly sink: SinkEvents;
}

type Consumer = UnitStation | SinkStation;

/** A channel with its place in its consumer's merge. */
interface Join {
  readonly producer: SourceStation | UnitStation;
  readonly output: OutputPort;
  readonly consumer: Consumer;
  /** The producing node; undefined for a source. */
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
  const sources = new Map<FrameSource, SourceStation>();
  for (const { source } of graph.sources) {
    if (!sources.has(source)) sources.set(source, new SourceStation(source, scheduler, events.source));
  }
  const sinks = new Map<FrameSink, SinkStation>();
  for (const { sink } of graph.sinks) {
    if (!sinks.has(sink)) sinks.set(sink, new SinkStation(sink, scheduler, events.sink));
  }
  const producing = new Map(
    graph.units.flatMap((unit) => unit.nodes.map((node) => [node.id, units.get(unit)!])),
  );
  const rootOf = (to: PortRef) => units.get(unitOf(graph, to))!;
  const joins: Join[] = [
    ...graph.sources.map(({ source, ...to }) => {
      const producer = sources.get(source)!;
      return { producer, output: producer.output, consumer: rootOf(to), node: undefined, port: to.port };
    }),
    ...graph.connections
      .toSorted((one, other) => one.order - other.order)
      .map(({ from, to }) => {
        const output = outputs.get(from.node)!.get(from.port)!;
        const { node } = from;
        return { producer: producing.get(node)!, output, consumer: rootOf(to), node, port: to.port };
      }),
    ...graph.sinks.map((bound) => {
      const output = outputs.get(bound.node)!.get(bound.port)!;
      return {
        producer: producing.get(bound.node)!,
        output,
        consumer: sinks.get(bound.sink)!,
        node: bound.node,
        port: bound.as,
      };
    }),
  ];
  joinStations(joins, limits);
  return { sources: [...sources.values()], units: [...units.values()], sinks: [...sinks.values()] };
}

/** An output port for each output that is connected to something. */
function collectOutputs(graph: Graph): Map<string, Map<string, OutputPort>> {
  const outputs = new Map(
    graph.units.flatMap((unit) => unit.nodes.map((node) => [node.id, new Map<string, OutputPort>()])),
  );
  for (const { node, port } of [...graph.connections.map(({ from }) => from), ...graph.sinks]) {
    const ports = outputs.get(node);
    if (ports === undefined) throw new RemoteMediaError("internal", `the graph has no node ${node}`);
    if (!ports.has(port)) ports.set(port, new OutputPort());
  }
  return outputs;
}

function unitOf(graph: Graph, to: PortRef): GraphUnit {
  const unit = graph.units.find(({ nodes }) => nodes[0]?.id === to.node);
  if (unit === undefined) throw new RemoteMediaError("internal", `no unit's root is the node ${to.node}`);
  if (!unit.inputs.includes(to.port)) {
    throw new RemoteMediaError("internal", `the node ${to.node} has no input ${to.port}`);
  }
  return unit;
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
