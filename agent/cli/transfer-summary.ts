// What a push or a pull came to: how much moved and how much was there already.
import type { TransferOutcome, TransferReport } from "../package/transfer-report.ts";
import { count, formatBytes } from "./quantity.ts";
import { formatTable } from "./table.ts";
import { oneLine } from "./terminal.ts";

const outcomes: Readonly<Record<TransferOutcome, string>> = {
  moved: "moved",
  present: "was there",
  mounted: "mounted",
};

/** `moved 1.2 MiB (3 parts), 300 MiB was there already (2 parts)`. */
export function summarizeTransfer(report: TransferReport): string {
  const part = (bytes: number, parts: number) => `${formatBytes(bytes)} (${count(parts, "part")})`;
  return [
    `moved ${part(report.movedBytes, report.movedParts)}`,
    ...(report.mountedParts === 0
      ? []
      : [`${part(report.mountedBytes, report.mountedParts)} mounted from another repository`]),
    `${part(report.presentBytes, report.presentParts)} was there already`,
  ].join(", ");
}

/** Lines: a table of the parts. */
export function formatParts({ parts }: TransferReport): string[] {
  return formatTable(
    [
      { title: "part", text: ({ part }) => oneLine(part) },
      { title: "size", right: true, text: ({ size }) => formatBytes(size) },
      { title: "", text: ({ outcome }) => outcomes[outcome] },
      { title: "digest", text: ({ digest }) => digest.slice(0, 19) },
    ],
    parts,
  );
}

/** As `--json` gives it; bytes. */
export function describeTransferReport(report: TransferReport): object {
  return {
    moved_bytes: report.movedBytes,
    present_bytes: report.presentBytes,
    mounted_bytes: report.mountedBytes,
    parts: report.parts.map(({ part, role, digest, size, outcome, movedBytes }) => ({
      part,
      role,
      digest,
      size,
      outcome,
      moved_bytes: movedBytes,
    })),
  };
}
