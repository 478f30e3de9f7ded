// runGraph: runs a placed graph from its sources to its sinks, and reports.
import { type RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { type Clock, systemClock } from "../../platform/contract/clock.ts";
import type { FrameSource } from "../node/runner.ts";
import { buildStations, type Stations } from "./build-stations.ts";
import { defaultQueueLimits, type QueueLimits } from "./channel.ts";
import { FailureLedger } from "./failure-ledger.ts";
import type { Graph } from "./graph.ts";
import { type Progress, ProgressMeter } from "./progress-meter.ts";
import { type RunOutcome, type RunReport, reportError, reportNodes } from "./report.ts";
import { Scheduler } from "./scheduler.ts";
import { Teardown } from "./teardown.ts";

export interface RunOptions extends Graph {
  /** What each connection may hold. */
  readonly queue?: Partial<QueueLimits>;
  /** The sources end, everything is flushed, the sinks are closed: `interrupted`. */
  readonly drain?: AbortSignal;
  /** Calls are given up, runners closed, sinks aborted: `stopped`. */
  readonly stop?: AbortSignal;
  /** Called at most every 100 ms while frames flow, and once at the end. */
  readonly onProgress?: (progress: Progress) => void;
  readonly clock?: Clock;
}

export interface RunResult {
  readonly report: RunReport;
  /** What the report's `error` tells, with its causes; undefined unless the run failed. */
  readonly error: RemoteMediaError | undefined;
}

/** Opens every runner, moves frames until the sources have ended and everything is flushed, and closes what it was
 * given: runners always, sinks by `close` when all their frames were written and else by `abort`. A failure of any
 * kind is in the result; the promise never rejects. */
export function runGraph(options: RunOptions): Promise<RunResult> {
  return new GraphRun(options).run();
}

/** `broken`: ended early by an error. */
type Ending = "finished" | "broken" | "stopped";

class GraphRun {
  readonly #options: RunOptions;
  readonly #clock: Clock;
  readonly #sources: readonly FrameSource[];
  readonly #ledger: FailureLedger;
  readonly #meter: ProgressMeter;
  readonly #scheduler: Scheduler;
  readonly #over = Promise.withResolvers<Ending>();
  readonly #stopped = Promise.withResolvers<"stopped">();
  #stations: Stations = {
    sources: [],
    units: [],
    sinks: [],
    sourceNodes: new Map(),
    sinkNodes: new Map(),
  };
  #reads: Promise<void>[] = [];
  #wasInterrupted = false;
  #error: RemoteMediaError | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#ledger = new FailureLedger(options.units);
    this.#sources = [
      ...new Set([...(options.sourceNodes ?? []), ...options.sources].map(({ source }) => source)),
    ];
    const durationUs = longest(this.#sources.map((source) => source.durationUs));
    this.#meter = new ProgressMeter(
      this.#clock,
      (counts) => ({ ...counts, framesDropped: this.#framesDropped, durationUs }),
      options.onProgress,
    );
    this.#scheduler = new Scheduler({
      onFinished: () => this.#over.resolve("finished"),
      onDefect: (thrown) => this.#break(thrown),
    });
  }

  async run(): Promise<RunResult> {
    const startMs = this.#clock.monotonicMs();
    const listening = new AbortController();
    listen(this.#options.stop, listening.signal, () => this.#stop());
    listen(this.#options.drain, listening.signal, () => this.#drain());
    try {
      await this.#flow();
    } catch (thrown) {
      this.#break(thrown);
    }
    const ending = await this.#over.promise;
    this.#tellProgress();
    const { isStopped, errors } = await this.#close(ending);
    listening.abort();
    const wasStopped = ending === "stopped" || (isStopped && this.#error === undefined);
    if (!wasStopped) this.#error ??= errors.shift();
    const outcome = this.#outcome(wasStopped);
    const report = this.#report(outcome, errors, this.#clock.monotonicMs() - startMs);
    return { report, error: outcome === "failed" ? this.#error : undefined };
  }

  #tellProgress(): void {
    try {
      this.#meter.tell();
    } catch (thrown) {
      this.#break(thrown);
    }
  }

  /** Opens the runners and starts the flow, unless one doesn't open. */
  async #flow(): Promise<void> {
    const limits = { ...defaultQueueLimits, ...this.#options.queue };
    this.#stations = buildStations(this.#options, limits, this.#scheduler, {
      source: {
        onRead: (pts) => this.#meter.countRead(pts),
        onBroken: (thrown) => this.#breakSource(thrown),
      },
      unit: {
        onFailure: (failure) => {
          const error = this.#ledger.record(failure);
          if (error !== undefined) this.#break(error);
        },
        onBroken: (thrown) => this.#break(thrown),
      },
      sink: { onWritten: () => this.#meter.countWritten(), onBroken: (thrown) => this.#break(thrown) },
    });
    const opened = Promise.allSettled(this.#options.units.map(async ({ runner }) => runner.open()));
    const results = await Promise.race([opened, this.#stopped.promise]);
    if (results === "stopped") return;
    const refused = results.find((result) => result.status === "rejected");
    if (refused !== undefined) throw refused.reason;
    this.#start();
  }

  #start(): void {
    const { sources, units, sinks } = this.#stations;
    // Held until all have begun, so that the graph doesn't seem to stand still before.
    this.#scheduler.begin();
    if (this.#wasInterrupted) for (const source of sources) source.stop();
    this.#reads = sources.map((source) => source.read());
    this.#scheduler.start([...sources, ...units, ...sinks]);
    this.#scheduler.end();
  }

  #drain(): void {
    const { sources } = this.#stations;
    this.#wasInterrupted ||= sources.length === 0 || sources.some((source) => !source.isFinished);
    for (const source of sources) source.stop();
  }

  #stop(): void {
    this.#scheduler.stop();
    this.#over.resolve("stopped");
    this.#stopped.resolve("stopped");
  }

  /** Ends the run early. The first error is the one that is told. */
  #break(thrown: unknown): void {
    this.#error ??= toRemoteMediaError(thrown);
    this.#scheduler.stop();
    this.#over.resolve("broken");
  }

  /** Lets what was read flow to the end. */
  #breakSource(thrown: unknown): void {
    this.#error ??= toRemoteMediaError(thrown);
    for (const source of this.#stations.sources) source.stop();
  }

  async #close(ending: Ending): Promise<{ isStopped: boolean; errors: RemoteMediaError[] }> {
    const teardown = new Teardown(this.#stopped.promise);
    const bound = [...(this.#options.sinkNodes ?? []), ...this.#options.sinks];
    const sinks = [...new Set(bound.map(({ sink }) => sink))];
    for (const source of this.#stations.sources) source.stop();
    if (ending === "finished") await teardown.closeSinks(sinks);
    else await teardown.abortSinks(sinks);
    await teardown.closeRunners(this.#options.units.map(({ runner }) => runner));
    await teardown.unlessStopped(() => Promise.all(this.#reads));
    return { isStopped: teardown.isStopped, errors: teardown.errors };
  }

  get #framesDropped(): number {
    const bySources = this.#sources.map((source) => source.metrics?.().framesDropped ?? 0);
    return bySources.reduce((sum, dropped) => sum + dropped, this.#ledger.framesDropped);
  }

  #outcome(wasStopped: boolean): RunOutcome {
    if (wasStopped) return "stopped";
    if (this.#error !== undefined) return "failed";
    return this.#wasInterrupted ? "interrupted" : "done";
  }

  #report(outcome: RunOutcome, teardownErrors: readonly RemoteMediaError[], wallMs: number): RunReport {
    return {
      outcome,
      ...(outcome === "failed" && this.#error !== undefined ? { error: reportError(this.#error) } : {}),
      ...(teardownErrors.length === 0 ? {} : { teardown_errors: teardownErrors.map(reportError) }),
      frames_in: this.#meter.framesIn,
      frames_out: this.#meter.framesOut,
      frames_dropped: this.#framesDropped,
      wall_ms: wallMs,
      nodes: reportNodes(this.#options, this.#stations, this.#ledger),
    };
  }
}

function longest(durations: readonly (number | undefined)[]): number | undefined {
  let longestUs: number | undefined;
  for (const durationUs of durations) {
    if (durationUs === undefined) return undefined;
    longestUs = Math.max(longestUs ?? 0, durationUs);
  }
  return longestUs;
}

/** Calls back when the signal fires, at once if it has fired already, until `until` fires. */
function listen(signal: AbortSignal | undefined, until: AbortSignal, callback: () => void): void {
  if (signal?.aborted) callback();
  else signal?.addEventListener("abort", callback, { once: true, signal: until });
}
