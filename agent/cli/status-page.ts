// What `status` shows to people.
import type { PipelineStatus, StatusDocument } from "../web/control-documents.ts";
import { count, formatDuration } from "./quantity.ts";
import { formatTable } from "./table.ts";

export function formatStatus(status: StatusDocument): string[] {
  const { name, device, state, version, pid, uptime_s: uptime } = status;
  return [
    `${name}  ${device}`,
    `  ${state} for ${formatUptime(uptime)}, version ${version}, process ${pid}`,
    ...membershipLines(status),
    ...reachLines(status),
    ...status.pipelines.flatMap(pipelineLines),
    ...hostedLines(status),
    ...counterLines(status),
  ];
}

function membershipLines({ memberships }: StatusDocument): string[] {
  if (memberships.length === 0) return ["  a member of no mesh: remotemedia mesh create or mesh join"];
  return memberships.map(
    ({ mesh, name, roles, expires, active }) =>
      `  mesh ${mesh} as ${name} (${roles.join(", ")}) until ${expires.slice(0, 10)}${active ? "" : ", not taking part"}`,
  );
}

function reachLines({ listen, mdns, broker, sessions }: StatusDocument): string[] {
  const ways = [
    listen === null ? "doesn't listen" : `listens on ${listen.host} port ${listen.port}`,
    ...(mdns ? ["mDNS"] : []),
  ];
  const brokerState =
    broker === null
      ? []
      : [
          `  broker ${broker.url} ${broker.connected ? "connected" : `not connected${broker.error === null ? "" : `: ${broker.error}`}`}`,
        ];
  return [`  ${ways.join(", ")}, ${count(sessions, "session")} with peers`, ...brokerState];
}

function pipelineLines(pipeline: PipelineStatus): string[] {
  const { name, path, state, since, restarts, error, retry_ms: retryMs } = pipeline;
  const again = retryMs === null ? "" : `, again in ${formatDuration(retryMs)}`;
  const restarted = restarts === 0 ? "" : `, ${count(restarts, "restart")}`;
  return [
    "",
    `pipeline ${name}  ${state} since ${since.slice(0, 19).replace("T", " ")}${restarted}${again}`,
    `  ${path}`,
    ...(error === null ? [] : [`  last failure: ${error.message} [${error.code}]`]),
    ...placementLines(pipeline),
  ];
}

/** Every place that was considered for each node, the chosen one first. */
function placementLines({ nodes }: PipelineStatus): string[] {
  const rows = nodes.flatMap(({ node, considered }) =>
    considered.map((place, at) => ({ node: at === 0 ? node : "", ...place })),
  );
  if (rows.length === 0) return [];
  return formatTable(
    [
      { title: "node", text: ({ node }) => node },
      { title: "place", text: ({ name }) => name },
      { title: "", text: ({ verdict }) => verdict },
      { title: "score", right: true, text: ({ score }) => (score === null ? "" : score.toPrecision(3)) },
      { title: "why", text: ({ reasons }) => reasons.join("; ") },
    ],
    rows,
  );
}

function hostedLines({ hosted }: StatusDocument): string[] {
  if (hosted.length === 0) return [];
  const table = formatTable(
    [
      { title: "stage", right: true, text: ({ stage }) => String(stage) },
      { title: "for", text: ({ caller_name: name }) => name },
      { title: "nodes", text: ({ nodes }) => nodes.join(", ") },
      { title: "frames", right: true, text: ({ frames }) => String(frames) },
    ],
    hosted,
  );
  return ["", "stages for others", ...table];
}

function counterLines({ counters }: StatusDocument): string[] {
  const counted = Object.entries(counters).filter(([, number]) => number !== 0);
  if (counted.length === 0) return [];
  return [
    "",
    "since the start",
    ...counted.map(([name, number]) => `  ${name.replaceAll("_", " ")} ${number}`),
  ];
}

function formatUptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return days === 0 ? formatDuration(seconds * 1000) : `${days} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
