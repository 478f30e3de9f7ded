// Shows what the motion detector found in front of the synthetic camera: a timeline beside what really moved.
// Usage: bun scripts/demo-motion.ts EVENTS.ndjson REPORT.json   (exit 1 when a motion was missed)
import { readFileSync } from "node:fs";
import type { RunReport } from "../agent/executor/report.ts";
import { drawBars, drawScale, type Interval, judgePhrases, type Phrase } from "./timeline.ts";

/** The synthetic camera's block moves for so long, then rests for so long. */
const phaseUs = 2_000_000;

const [eventsFile = "", reportFile = ""] = process.argv.slice(2);
const report = JSON.parse(readFileSync(reportFile, "utf8")) as RunReport;
const durationUs = Math.floor((report.wall_ms * 1000) / phaseUs) * phaseUs;
const found = readFileSync(eventsFile, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line).json as Interval & { readonly event: string })
  .filter(({ event, start_us }) => event === "motion_end" && start_us < durationUs);
const moved: Phrase[] = [];
for (let start = 0; start < durationUs; start += 2 * phaseUs) {
  moved.push({ text: "a block moves", start_us: start, end_us: Math.min(start + phaseUs, durationUs) });
}

const { phrases, extra } = judgePhrases(moved, found);
const hits = phrases.filter(({ match }) => match !== undefined).length;
const source = report.nodes.find(({ node_type }) => node_type === "SyntheticSource");
const taken = `${source?.frames_out ?? 0} of ${source?.frames_in ?? 0} pictures taken, newest first`;
console.log(`\nMotion in ${(durationUs / 1e6).toFixed(0)} s before the camera, live (${taken})\n`);
console.log(`  moved  ${drawBars(moved, durationUs)}`);
console.log(`  found  ${drawBars(found, durationUs)}`);
console.log(`         ${drawScale(durationUs)}`);
const wrong =
  extra.length === 0 ? "nothing found that wasn't there" : `${extra.length} found that weren't there`;
console.log(`\nResult: ${hits} of ${moved.length} motions found, ${wrong}.`);
process.exitCode = hits === moved.length && extra.length === 0 ? 0 : 1;
