// What is said of a run while it goes on and when it has ended.
import { describe, expect, test } from "vitest";
import { formatProgress } from "../../../agent/cli/progress-line.ts";
import { formatSummary } from "../../../agent/cli/run-summary.ts";
import { openRunVoice, type VoiceOptions } from "../../../agent/cli/run-voice.ts";
import type { ReportedFailure } from "../../../agent/executor/failure-ledger.ts";
import type { NodeReport, RunReport } from "../../../agent/executor/report.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const options: VoiceOptions = { json: false, quiet: false, printsResults: false, monotonicMs: () => 0 };

function failure(frame_pts: number | null, code: ReportedFailure["code"] = "node-timeout"): ReportedFailure {
  return { node: "n", node_type: "T", code, message: "took too long", frame_pts };
}

function nodeReport(errors: readonly ReportedFailure[], errors_total = errors.length): NodeReport {
  return {
    ...{ node: "n", node_type: "T", frames_in: 9, frames_out: 2, errors, errors_total, restarts: 7 },
    ...{ time_ms: { p50: 0.0123, p95: 1.234, p99: 2, max: 250.4, total: 12.34 }, fuel: 5 },
    ...{ memory_peak_bytes: 65_536, placed_on: "local" },
  };
}

function runReport(nodes: readonly NodeReport[]): RunReport {
  return { outcome: "done", frames_in: 9, frames_out: 2, frames_dropped: 7, wall_ms: 1234, nodes };
}

describe("the summary", () => {
  test("has the outcome, and a line a node under its titles", () => {
    const [head, titles, line] = formatSummary(runReport([nodeReport([])]));
    expect(head).toBe("done after 1.23 s: 9 frames in, 2 out, 7 dropped");
    expect(titles).toMatch(
      /^ {2}node +type +in +out +errors +restarts +p50 ms +p95 ms +max ms +total ms +memory$/,
    );
    expect(line!.trim().split(/ {2,}/)).toEqual([
      ...["n", "T", "9", "2", "0", "7", "0.012", "1.23", "250", "12.3", "64.0 KiB"],
    ]);
    expect(line).toHaveLength(titles!.length);
  });

  test("groups failures by code, with how many and the first few places", () => {
    const timeouts = [0, 1, 2, 3, 4, 5].map((second) => failure(second * 1e6));
    const lines = formatSummary(runReport([nodeReport([...timeouts, failure(null, "node-fatal")], 1007)]));
    expect(lines.slice(3)).toEqual([
      "  n: node-timeout ×6 (at 0:00.000, at 0:01.000, at 0:02.000, at 0:03.000, at 0:04.000, …): took too long",
      "  n: node-fatal ×1 (between frames): took too long",
      "  n: 1000 failures more, not kept",
    ]);
  });
});

describe("the progress line", () => {
  const progress = { framesIn: 500, framesOut: 400, framesDropped: 0, ptsUs: 10e6, durationUs: 40e6 };

  test("says how far, how fast and how long still", () => {
    expect(formatProgress(progress, 2000, 100)).toBe(
      "████░░░░░░░░░░░░ 25 %  0:10.0 / 0:40.0  500 frames  ×5.0 real time  0:06 left",
    );
  });

  test("is without a bar where the duration isn't known, and fits the terminal", () => {
    const open = { ...progress, durationUs: undefined, framesDropped: 3 };
    expect(formatProgress(open, 2000, 100)).toBe("0:10.0  500 frames  3 dropped  ×5.0 real time");
    expect(formatProgress(progress, 2000, 20)).toHaveLength(19);
  });

  test("survives the first frame and times beyond the end", () => {
    expect(formatProgress({ ...progress, ptsUs: undefined, framesIn: 0 }, 0, 100)).toMatch(/^░+ 0 %/);
    expect(formatProgress({ ...progress, ptsUs: 41e6 }, 1000, 100)).toMatch(/^█+ 100 %.*0:00 left$/);
  });

  test("is shown on a terminal only, and not where results would tear it", () => {
    const shown = (isTerminal: boolean, more: Partial<VoiceOptions>) =>
      openRunVoice(fakeTerminal(isTerminal).terminal, { ...options, ...more }).progress !== undefined;
    expect(shown(true, {})).toBe(true);
    expect(shown(false, {})).toBe(false);
    expect(shown(true, { quiet: true })).toBe(false);
    expect(shown(true, { json: true })).toBe(false);
    expect(shown(true, { printsResults: true })).toBe(false);
  });
});

describe("a guest's log line", () => {
  const line = { node: "n", level: "info", text: "hello", suppressed: 0 } as const;

  function logged(
    more: Partial<VoiceOptions>,
    ...lines: Parameters<ReturnType<typeof openRunVoice>["log"]>[0][]
  ) {
    const { terminal, written } = fakeTerminal();
    const voice = openRunVoice(terminal, { ...options, ...more });
    for (const each of lines) voice.log(each);
    expect(written.stdout).toBe("");
    return written.stderr;
  }

  test("names its node and level", () => {
    expect(logged({}, line)).toBe("[n] info: hello\n");
  });

  test("is dropped below warn when quiet", () => {
    expect(logged({ quiet: true }, line, { ...line, level: "warn" })).toBe("[n] warn: hello\n");
    expect(logged({ quiet: true, json: true }, line, { ...line, level: "error" })).toContain('"error"');
  });

  test("can't look like another's", () => {
    expect(logged({}, { ...line, text: "a\n[m] error: fake\u001b[2J\n" })).toBe(
      "[n] info: a\n    [m] error: fake[2J\n",
    );
  });

  test("says how many before it were dropped", () => {
    expect(logged({}, { ...line, suppressed: 12 })).toBe("[n] info: hello (12 lines before it dropped)\n");
  });

  test("is a line of JSON where programs read", () => {
    expect(JSON.parse(logged({ json: true }, line))).toEqual({ log: line });
  });
});

test("a quiet end says nothing to people, and a JSON end always reports", () => {
  for (const [json, expected] of [
    [false, ""],
    [true, `${JSON.stringify({ report: runReport([]) })}\n`],
  ] as const) {
    const { terminal, written } = fakeTerminal();
    openRunVoice(terminal, { ...options, quiet: true, json }).finish(runReport([]));
    expect(written.stderr).toBe(expected);
  }
});
