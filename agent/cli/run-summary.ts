// What a run did, for people: the outcome, a line a node, the failures by node and code.
import type { ReportedFailure } from "../executor/failure-ledger.ts";
import type { NodeReport, RunReport } from "../executor/report.ts";
import { count, formatBytes, formatDuration, formatMs, formatPosition } from "./quantity.ts";
import { type Column, formatTable } from "./table.ts";
import { oneLine } from "./terminal.ts";

const outcomes: Readonly<Record<RunReport["outcome"], string>> = {
  done: "done",
  failed: "failed",
  interrupted: "interrupted, all that was read is finished",
  stopped: "stopped",
};

const columns: readonly Column<NodeReport>[] = [
  { title: "node", text: ({ node }) => node },
  { title: "type", text: ({ node_type }) => node_type },
  { title: "in", right: true, text: ({ frames_in }) => String(frames_in) },
  { title: "out", right: true, text: ({ frames_out }) => String(frames_out) },
  { title: "errors", right: true, text: ({ errors_total }) => String(errors_total) },
  { title: "restarts", right: true, text: ({ restarts }) => String(restarts) },
  { title: "p50 ms", right: true, text: ({ time_ms }) => formatMs(time_ms.p50) },
  { title: "p95 ms", right: true, text: ({ time_ms }) => formatMs(time_ms.p95) },
  { title: "max ms", right: true, text: ({ time_ms }) => formatMs(time_ms.max) },
  { title: "total ms", right: true, text: ({ time_ms }) => formatMs(time_ms.total) },
  { title: "memory", right: true, text: ({ memory_peak_bytes }) => formatBytes(memory_peak_bytes) },
];

/** Lines. */
export function formatSummary(report: RunReport): string[] {
  const { outcome, wall_ms, frames_in, frames_out, frames_dropped, nodes } = report;
  const frames = `${count(frames_in, "frame")} in, ${frames_out} out, ${frames_dropped} dropped`;
  return [
    `${outcomes[outcome]} after ${formatDuration(wall_ms)}: ${frames}`,
    ...(nodes.length === 0 ? [] : formatTable(columns, nodes)),
    ...nodes.flatMap(formatFailures),
  ];
}

const shownPlaces = 5;

/** A line for each code that the node failed with. */
function formatFailures(node: NodeReport): string[] {
  const kept = node.errors.length;
  const lines = [...Map.groupBy(node.errors, ({ code }) => code)].map(([code, failures]) => {
    const places = failures.slice(0, shownPlaces).map(placeOf).join(", ");
    const more = failures.length > shownPlaces ? ", …" : "";
    return `  ${node.node}: ${code} ×${failures.length} (${places}${more}): ${oneLine(failures[0]!.message)}`;
  });
  return node.errors_total > kept
    ? [...lines, `  ${node.node}: ${node.errors_total - kept} failures more, not kept`]
    : lines;
}

function placeOf({ frame_pts }: ReportedFailure): string {
  return frame_pts === null ? "between frames" : `at ${formatPosition(frame_pts, 3)}`;
}
