// The status line of a transfer: how much of how much, how fast, what moves.
import type { TransferProgress } from "../package/transfer-report.ts";
import { formatBytes } from "./quantity.ts";
import { oneLine } from "./terminal.ts";

/** One line of at most `columns` cells. `elapsedMs` counts from the start of the transfer. */
export function formatTransfer(
  { doneBytes, totalBytes, part }: TransferProgress,
  elapsedMs: number,
  columns: number,
): string {
  const share = totalBytes === 0 ? 1 : doneBytes / totalBytes;
  const rate = elapsedMs < 500 ? "" : `  ${formatBytes((doneBytes * 1000) / elapsedMs)}/s`;
  const line = `${Math.floor(share * 100)} %  ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${rate}  ${oneLine(part)}`;
  // A line that wraps can't be taken away again.
  return line.length < columns ? line : line.slice(0, Math.max(columns - 1, 0));
}
