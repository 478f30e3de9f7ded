// Shows what the speech gate found: a timeline beside the truth, and what each node cost.
// Usage: bun scripts/demo-timeline.ts FRAMES.ndjson REPORT.json TRUTH.json   (exit 1 when a phrase was missed)
import { readFileSync } from "node:fs";
import { formatBytes, formatMs } from "../agent/cli/quantity.ts";
import { formatTable } from "../agent/cli/table.ts";
import type { NodeReport, RunReport } from "../agent/executor/report.ts";
import { drawBars, drawLevels, drawScale, type Interval, judgePhrases, type Phrase } from "./timeline.ts";

interface Line {
  readonly node: string;
  readonly port: string;
  readonly pts: number;
  readonly json?: {
    readonly event?: string;
    readonly start_us?: number;
    readonly end_us?: number;
    readonly rms_db?: number;
  };
}

interface Truth {
  readonly duration_us: number;
  readonly phrases: readonly Phrase[];
}

const [framesFile = "", reportFile = "", truthFile = ""] = process.argv.slice(2);
const lines = readFileSync(framesFile, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Line);
const report = JSON.parse(readFileSync(reportFile, "utf8")) as RunReport;
const truth = JSON.parse(readFileSync(truthFile, "utf8")) as Truth;
const found = lines.flatMap(({ json }): Interval[] =>
  json?.event === "speech_end" ? [{ start_us: json.start_us ?? 0, end_us: json.end_us ?? 0 }] : [],
);

showTimeline();
showPhrases();
showCosts(report.nodes);
const allFound = showResult();
process.exitCode = allFound ? 0 : 1;

function showTimeline(): void {
  const levels = lines.flatMap(({ node, pts, json }) =>
    node === "level" && json?.rms_db !== undefined ? [{ at_us: pts, db: json.rms_db }] : [],
  );
  print(`\nSpeech in ${seconds(truth.duration_us)} of sound\n`);
  print(`  said   ${drawBars(truth.phrases, truth.duration_us)}`);
  print(`  found  ${drawBars(found, truth.duration_us)}`);
  print(`  level  ${drawLevels(levels, truth.duration_us)}`);
  print(`         ${drawScale(truth.duration_us)}\n`);
}

function showPhrases(): void {
  const columns = [
    { title: "phrase", text: ({ phrase }: Judged) => phrase.text },
    { title: "said", text: ({ phrase }: Judged) => range(phrase) },
    { title: "found", text: ({ match }: Judged) => (match === undefined ? "missed" : range(match)) },
  ];
  print(formatTable(columns, judgePhrases(truth.phrases, found).phrases).join("\n"));
}

type Judged = ReturnType<typeof judgePhrases>["phrases"][number];

function showCosts(nodes: readonly NodeReport[]): void {
  const durationS = truth.duration_us / 1e6;
  const total = nodes.reduce((sum, { time_ms }) => sum + time_ms.total, 0);
  print(`\nWhat each node cost, sandboxed and metered`);
  const columns = [
    { title: "node", text: ({ node }: NodeReport) => node },
    { title: "type", text: ({ node_type }: NodeReport) => node_type },
    { title: "frames", right: true, text: ({ frames_in }: NodeReport) => String(frames_in) },
    {
      title: "ms per second of sound",
      right: true,
      text: ({ time_ms }: NodeReport) => formatMs(time_ms.total / durationS),
    },
    {
      title: "× real time",
      right: true,
      text: ({ time_ms }: NodeReport) => ((durationS * 1000) / time_ms.total).toFixed(0),
    },
    { title: "slowest ms", right: true, text: ({ time_ms }: NodeReport) => formatMs(time_ms.max) },
    { title: "memory", right: true, text: (node: NodeReport) => formatBytes(node.memory_peak_bytes) },
    { title: "fuel", right: true, text: ({ fuel }: NodeReport) => Number(fuel).toLocaleString("en") },
  ];
  print(formatTable(columns, nodes).join("\n"));
  const speed = ((durationS * 1000) / total).toFixed(0);
  print(`  all nodes ${formatMs(total)} ms, ×${speed} real time; the run ${formatMs(report.wall_ms)} ms`);
}

function showResult(): boolean {
  const { phrases, extra, worstStartUs, worstEndUs } = judgePhrases(truth.phrases, found);
  const hits = phrases.filter(({ match }) => match !== undefined).length;
  const wrong =
    extra.length === 0 ? "nothing found that wasn't said" : `${extra.length} found that weren't said`;
  print(
    `\nResult: ${hits} of ${phrases.length} phrases found, ${wrong}; ` +
      `starts within ${seconds(worstStartUs)}, ends within ${seconds(worstEndUs)}.`,
  );
  return hits === phrases.length && extra.length === 0;
}

function range({ start_us, end_us }: Interval): string {
  return `${(start_us / 1e6).toFixed(2)} – ${seconds(end_us)}`;
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(2)} s`;
}

function print(text: string): void {
  console.log(text);
}
