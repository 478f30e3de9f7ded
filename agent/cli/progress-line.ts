// The status line of a run: how far, how fast, how long still.
import type { Progress } from "../executor/progress-meter.ts";
import { count, formatPosition } from "./quantity.ts";

const barCells = 16;

/** One line of at most `columns` cells. `elapsedMs` counts from the start of the run. */
export function formatProgress(progress: Progress, elapsedMs: number, columns: number): string {
  const { ptsUs = 0, durationUs, framesIn, framesDropped } = progress;
  const speed = elapsedMs > 0 ? ptsUs / 1000 / elapsedMs : 0;
  const parts: string[] = [];
  if (durationUs !== undefined && durationUs > 0) {
    const share = Math.min(1, Math.max(0, ptsUs / durationUs));
    parts.push(`${bar(share)} ${Math.floor(share * 100)} %`);
    parts.push(`${formatPosition(ptsUs)} / ${formatPosition(durationUs)}`);
  } else if (ptsUs >= 1e6) {
    parts.push(formatPosition(ptsUs));
  }
  parts.push(count(framesIn, "frame"));
  if (framesDropped > 0) parts.push(`${framesDropped} dropped`);
  if (ptsUs >= 1e6) parts.push(`${formatSpeed(speed)} real time`);
  if (durationUs !== undefined && speed > 0 && ptsUs >= 1e6) {
    parts.push(`${formatPosition(Math.max(0, durationUs - ptsUs) / speed, 0)} left`);
  }
  // A line that wraps can't be taken away again.
  const line = parts.join("  ");
  return line.length < columns ? line : line.slice(0, Math.max(columns - 1, 0));
}

/** `×0.98`, `×12`, `×215`. */
export function formatSpeed(speed: number): string {
  return `×${speed >= 10 ? speed.toFixed(0) : speed.toPrecision(2)}`;
}

function bar(share: number): string {
  const full = Math.round(share * barCells);
  return "█".repeat(full) + "░".repeat(barCells - full);
}
