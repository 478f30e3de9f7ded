// RunReport: what a run did, as `--report` writes it; and how it is put together.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeMetrics } from "../node/runner.ts";
import type { Stations } from "./build-stations.ts";
import type { FailureLedger, ReportedFailure } from "./failure-ledger.ts";
import type { Graph, GraphUnit, SourceNode } from "./graph.ts";
import type { SourceStation } from "./source-station.ts";

/** `done`: to the end of the input. `failed`: `error` says why. `interrupted`: asked to end, everything in it was
 * finished. `stopped`: asked to stop at once. */
export type RunOutcome = "done" | "failed" | "interrupted" | "stopped";

export interface NodeReport {
  readonly node: string;
  readonly node_type: string;
  readonly frames_in: number;
  readonly frames_out: number;
  /** The first 1000. */
  readonly errors: readonly ReportedFailure[];
  readonly errors_total: number;
  readonly restarts: number;
  readonly time_ms: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
    readonly total: number;
  };
  /** A string where it is more than a JSON number holds exactly (2^53 − 1). */
  readonly fuel: number | string;
  readonly memory_peak_bytes: number;
  readonly placed_on: string;
}

/** An error as `--json` writes it. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly where?: RemoteMediaError["where"];
  readonly hint?: string;
}

/** Plain JSON. */
export interface RunReport {
  readonly outcome: RunOutcome;
  /** When `failed`. */
  readonly error?: ReportedError;
  /** What went wrong while things were closed, after `error` or on the way to it; absent when nothing did. */
  readonly teardown_errors?: readonly ReportedError[];
  /** Frames read from sources. */
  readonly frames_in: number;
  /** Frames written to sinks. */
  readonly frames_out: number;
  /** Frames given up: a node failed on them, or a live source's were not taken in time. */
  readonly frames_dropped: number;
  readonly wall_ms: number;
  /** In the order of the graph. */
  readonly nodes: readonly NodeReport[];
}

const noMetrics: NodeMetrics = {
  framesIn: 0,
  framesOut: 0,
  restarts: 0,
  time: { p50: 0, p95: 0, p99: 0, max: 0, total: 0 },
  fuel: 0n,
  memoryPeakBytes: 0,
  placedOn: "local",
};

/** The nodes' part: source nodes, units' nodes by their runners' metrics and the failures that were recorded, sink nodes. */
export function reportNodes(graph: Graph, stations: Stations, ledger: FailureLedger): NodeReport[] {
  return [
    ...(graph.sourceNodes ?? []).map((node) => reportSource(node, stations.sourceNodes.get(node.id))),
    ...graph.units.flatMap((unit) => reportUnit(unit, ledger)),
    ...(graph.sinkNodes ?? []).map(({ id, type }) => {
      const framesIn = stations.sinkNodes.get(id)?.framesWritten ?? 0;
      return { node: id, node_type: type, ...unmeasured, frames_in: framesIn };
    }),
  ];
}

function reportUnit(unit: GraphUnit, ledger: FailureLedger): NodeReport[] {
  const metrics = unit.runner.metrics();
  return unit.nodes.map(({ id, type }) => {
    const { framesIn, framesOut, restarts, time, fuel, memoryPeakBytes, placedOn } =
      metrics.get(id) ?? noMetrics;
    return {
      node: id,
      node_type: type,
      frames_in: framesIn,
      frames_out: framesOut,
      errors: ledger.failuresOf(id),
      errors_total: ledger.totalOf(id),
      restarts,
      time_ms: { p50: time.p50, p95: time.p95, p99: time.p99, max: time.max, total: time.total },
      fuel: fuel <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(fuel) : fuel.toString(),
      memory_peak_bytes: memoryPeakBytes,
      placed_on: placedOn,
    };
  });
}

/** What a node that isn't called has in the columns of calls. */
const unmeasured = {
  frames_out: 0,
  errors: [],
  errors_total: 0,
  restarts: 0,
  time_ms: noMetrics.time,
  fuel: 0,
  memory_peak_bytes: 0,
  placed_on: noMetrics.placedOn,
};

/** `frames_in` came from the device, `frames_out` went into the graph; what lies between was dropped. */
function reportSource({ id, type, source }: SourceNode, station: SourceStation | undefined): NodeReport {
  const framesRead = station?.framesRead ?? 0;
  const metrics = source.metrics?.();
  const errors = (metrics?.failures ?? []).map(({ code, message, framePts }) => ({
    node: id,
    node_type: type,
    code,
    message,
    frame_pts: framePts ?? null,
  }));
  return {
    node: id,
    node_type: type,
    ...unmeasured,
    frames_in: metrics?.framesIn ?? framesRead,
    frames_out: framesRead,
    errors,
    errors_total: metrics?.failuresTotal ?? 0,
    restarts: metrics?.restarts ?? 0,
  };
}

export function reportError(error: RemoteMediaError): ReportedError {
  return {
    code: error.code,
    message: error.message,
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
