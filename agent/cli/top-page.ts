// What `top` shows to people.
import type { TopDocument } from "../web/control-documents.ts";
import { count, formatMs } from "./quantity.ts";
import { formatTable } from "./table.ts";

export function formatTop({ time, pipelines, hosted }: TopDocument): string[] {
  const lines = [
    `${time.slice(11, 19)}  ${count(pipelines.length, "pipeline")}, ${count(hosted.length, "stage")} for others`,
    ...pipelines.flatMap(formatPipeline),
  ];
  return hosted.length === 0 ? lines : [...lines, ...formatHosted(hosted)];
}

function formatPipeline({
  name,
  frames_in: into,
  frames_out: out,
  nodes,
  hops,
}: TopDocument["pipelines"][number]): string[] {
  const table = formatTable(
    [
      { title: "node", text: ({ node }) => node },
      { title: "type", text: ({ type }) => type },
      { title: "on", text: ({ placed_on: place }) => place },
      { title: "frames/s", right: true, text: ({ frames_per_s: rate }) => rate.toFixed(1) },
      { title: "p50 ms", right: true, text: ({ p50_ms: ms }) => time(ms) },
      { title: "p95 ms", right: true, text: ({ p95_ms: ms }) => time(ms) },
      { title: "queue", right: true, text: ({ queue }) => String(queue) },
      { title: "errors", right: true, text: ({ errors }) => String(errors) },
    ],
    nodes,
  );
  const ways = hops.map(
    ({ from, to, p50_ms: p50, p95_ms: p95 }) =>
      `  ${from} → ${to}  p50 ${time(p50) || "?"} ms, p95 ${time(p95) || "?"} ms`,
  );
  return ["", `${name}  ${into} in, ${out} out`, ...(nodes.length === 0 ? [] : table), ...ways];
}

function formatHosted(hosted: TopDocument["hosted"]): string[] {
  const table = formatTable(
    [
      { title: "stage", right: true, text: ({ stage }) => String(stage) },
      { title: "for", text: ({ caller_name: name }) => name },
      { title: "nodes", text: ({ nodes }) => nodes.join(", ") },
      { title: "frames/s", right: true, text: ({ frames_per_s: rate }) => rate.toFixed(1) },
      { title: "p50 ms", right: true, text: ({ p50_ms: ms }) => time(ms) },
      { title: "p95 ms", right: true, text: ({ p95_ms: ms }) => time(ms) },
      { title: "queue", right: true, text: ({ queue }) => String(queue) },
    ],
    hosted,
  );
  return ["", "for others", ...table];
}

function time(ms: number | null): string {
  return ms === null ? "" : formatMs(ms);
}
