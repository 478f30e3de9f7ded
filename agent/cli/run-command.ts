// `remotemedia run`: loads a pipeline, runs it, tells how it went.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { exitCodes } from "../../platform/base/error-codes.ts";
import { systemClock } from "../../platform/contract/clock.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { RunResult } from "../executor/run-graph.ts";
import { loadConfig } from "../main/environment.ts";
import type { LoadedPipeline } from "../main/load-pipeline.ts";
import { type FromPackage, Program } from "../main/program.ts";
import { openReportFile, type ReportFile, refusedReport } from "../main/report-file.ts";
import type { InstalledPackage } from "../package/install-package.ts";
import type { Call } from "./command.ts";
import { type Interrupts, listenForInterrupts } from "./interrupts.ts";
import { readPackageUse } from "./package-options.ts";
import { openRunVoice, type RunVoice } from "./run-voice.ts";
import { describeWhere } from "./tell-error.ts";
import { oneLine } from "./terminal.ts";

export async function executeRun(call: Call): Promise<number> {
  refuseContradiction(call);
  const durationMs = parseDuration(call.text("duration"));
  const config = await loadConfig();
  const reportFile = await openReport(call.text("report"));
  const voice = openRunVoice(call.terminal, {
    json: call.flag("json"),
    quiet: call.flag("quiet"),
    printsResults: outputsOf(call).some((output) => output === "-" || output.endsWith("=-")),
    monotonicMs: () => systemClock.monotonicMs(),
  });
  using interrupts = listenForInterrupts((text) => voice.notice(text));
  let result: RunResult;
  try {
    await using program = new Program({
      config,
      onWeakSandbox: ({ reason }) => warnWeakSandbox(voice, reason),
      onPreparing: (file) =>
        voice.notice(`preparing ${oneLine(file)}: new to this machine, it takes a moment, once`),
    });
    const pipeline = await loadUnlessInterrupted(program, call, voice, interrupts);
    result = await runFor(durationMs, interrupts, program, pipeline, call, voice);
  } catch (thrown) {
    await reportFile?.write(refusedReport(toRemoteMediaError(thrown)));
    throw thrown;
  }
  const isUnread = isReaderGone(result.error);
  if (!isUnread || call.flag("json")) tellEnd(result, voice);
  await reportFile?.write(result.report);
  if (result.error !== undefined && !isUnread) throw result.error;
  return result.report.outcome === "stopped" ? exitCodes.io : 0;
}

/** A package may take minutes to come: who interrupts it doesn't want to wait for it. */
async function loadUnlessInterrupted(
  program: Program,
  call: Call,
  voice: RunVoice,
  { drain }: Interrupts,
): Promise<LoadedPipeline & FromPackage> {
  const interrupted = Promise.withResolvers<never>();
  const giveUp = () =>
    interrupted.reject(
      new RemoteMediaError("interrupted", "interrupted before the pipeline had begun", {
        hint: "what was fetched of a package is kept: the next try goes on with it",
      }),
    );
  drain.addEventListener("abort", giveUp);
  const peers = call.texts("peer");
  const places =
    peers.length === 0
      ? undefined
      : (local: () => Promise<CapabilityStatement>) => program.findPlaces(local, peers);
  const request = { path: call.operands[0]!, overrides: call.texts("set"), live: call.texts("live"), places };
  const loading = program.load(request, { ...readPackageUse(call), onProgress: voice.transfer });
  try {
    const pipeline = await Promise.race([loading, interrupted.promise]);
    tellSigner(pipeline.installed, voice);
    return pipeline;
  } finally {
    drain.removeEventListener("abort", giveUp);
    // When the interrupt came first, nobody waits for it any more.
    loading.catch(() => {});
  }
}

function tellSigner(installed: InstalledPackage | undefined, voice: RunVoice): void {
  if (installed === undefined) return;
  const { signer, digest } = installed;
  if (signer === undefined) voice.warning(`the package is UNSIGNED: ${digest}`);
  else voice.notice(`${digest}, signed by ${oneLine(signer.name)}`);
}

async function openReport(path: string | undefined): Promise<ReportFile | undefined> {
  if (path === "-") {
    throw new RemoteMediaError("usage", "run: --report takes a file, since stdout is for frames", {
      hint: "--json gives the report on stderr",
    });
  }
  return path === undefined ? undefined : openReportFile(path);
}

async function runFor(
  durationMs: number | undefined,
  interrupts: Interrupts,
  program: Program,
  pipeline: LoadedPipeline & FromPackage,
  call: Call,
  voice: RunVoice,
): Promise<RunResult> {
  const over = new AbortController();
  const timer = durationMs === undefined ? undefined : setTimeout(() => over.abort(), durationMs);
  try {
    return await program.run(pipeline, {
      inputs: call.texts("input"),
      outputs: pipeline.plan.openOutputs.every(({ onRequest }) => onRequest)
        ? call.texts("output")
        : outputsOf(call),
      raw: call.flag("raw"),
      drain: AbortSignal.any([interrupts.drain, over.signal]),
      stop: interrupts.stop,
      onLog: (line) => voice.log(line),
      onEvent: (event) => voice.event(event),
      onOffload: (stage, event) => voice.offload(stage, event),
      onProgress: voice.progress,
    });
  } finally {
    clearTimeout(timer);
  }
}

function outputsOf(call: Call): readonly string[] {
  const given = call.texts("output");
  return given.length === 0 ? ["-"] : given;
}

function tellEnd({ report }: RunResult, voice: RunVoice): void {
  voice.finish(report);
  for (const { code, message, where } of report.teardown_errors ?? []) {
    const place = describeWhere(where);
    voice.warning(`while closing: ${message} [${code}]${place === "" ? "" : ` at ${place}`}`);
  }
}

/** Whether the run ended because who read our stdout has seen enough. */
function isReaderGone(error: RemoteMediaError | undefined): boolean {
  return error?.code === "output-closed" && error.where?.file === "stdout";
}

function warnWeakSandbox(voice: RunVoice, reason: string | undefined): void {
  voice.warning(
    `sandbox children run WITHOUT a seccomp filter (${reason ?? "unknown reason"}); remotemedia doctor says more`,
  );
}

/** Timers take no longer delays. */
const longestDurationS = 2_000_000;

function parseDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (/^\d*\.?\d+$/.test(text) && seconds > 0 && seconds <= longestDurationS) return seconds * 1000;
  throw new RemoteMediaError("usage", `run: --duration ${text} is not a number of seconds`, {
    hint: `give a number above 0, at most ${longestDurationS}, such as --duration 2.5`,
  });
}

function refuseContradiction(call: Call): void {
  if (!call.flag("local") || call.texts("peer").length === 0) return;
  throw new RemoteMediaError("usage", "run: --local and --peer contradict each other", {
    hint: "leave one out",
  });
}
