// The file that `--report` names: opened before the run, so that a wrong path is refused early; whole or not there at all.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import { type RunReport, reportError } from "../executor/report.ts";
import { openFileTarget } from "../native/open-target.ts";

export interface ReportFile {
  /** Writes the report and puts the file in its place. @throws RemoteMediaError `output-failed` */
  write(report: RunReport): Promise<void>;
}

/** @throws RemoteMediaError `output-failed` */
export async function openReportFile(path: string): Promise<ReportFile> {
  const target = await openFileTarget(path);
  return {
    async write(report) {
      try {
        await target.write(new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`));
        await target.close();
      } catch (thrown) {
        await target.abort();
        throw thrown;
      }
    },
  };
}

/** The report of a run that was refused before it began: no node ran, no frame was read. */
export function refusedReport(error: RemoteMediaError): RunReport {
  return {
    outcome: "failed",
    error: reportError(error),
    frames_in: 0,
    frames_out: 0,
    frames_dropped: 0,
    wall_ms: 0,
    nodes: [],
  };
}
