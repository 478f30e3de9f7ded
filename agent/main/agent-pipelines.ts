// The pipelines that the agent's file names: run, restarted with growing pauses, drained.
import { type RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { AgentPipeline } from "../config/agent-config.ts";
import type { Progress } from "../executor/progress-meter.ts";
import { describeOffloadEvent } from "./describe-offload-event.ts";
import type { PlacedStages } from "./placed-stages.ts";
import type { Program } from "./program.ts";
import type { AgentOptions } from "./running-agent.ts";

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** A run that has lasted so long has begun anew, not failed again. */
const settledMs = 60_000;

export type PipelineState = "disabled" | "starting" | "running" | "waiting" | "draining" | "ended" | "failed";

interface PipelinesOptions {
  readonly program: Program;
  readonly options: AgentOptions;
  /** Whether there are others to place nodes on. */
  readonly hasMesh: boolean;
}

export class AgentPipelines {
  readonly all: readonly AgentPipelineRun[];

  constructor(options: PipelinesOptions) {
    const { pipelines } = options.options.settings;
    this.all = Object.entries(pipelines).map(
      ([name, settings]) => new AgentPipelineRun(name, settings, options),
    );
  }

  start(): void {
    for (const run of this.all) run.start();
  }

  async drain(): Promise<void> {
    await Promise.all(this.all.map((run) => run.drain()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((run) => run.close()));
  }
}

export class AgentPipelineRun {
  readonly name: string;
  readonly settings: AgentPipeline;
  state: PipelineState = "disabled";
  since = new Date();
  restarts = 0;
  error: RemoteMediaError | undefined;
  placed: PlacedStages | undefined;
  progress: Progress | undefined;
  readonly #parts: PipelinesOptions;
  readonly #drain = new AbortController();
  readonly #stop = new AbortController();
  #pauseMs = firstPauseMs;
  #retryMs: number | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(name: string, settings: AgentPipeline, parts: PipelinesOptions) {
    this.name = name;
    this.settings = settings;
    this.#parts = parts;
  }

  /** When it is tried again, in ms from now; undefined where it isn't waiting. */
  get retryMs(): number | undefined {
    return this.#retryMs === undefined ? undefined : Math.max(0, this.#retryMs - performance.now());
  }

  start(): void {
    if (this.settings.enabled) this.#done = this.#keepRunning();
  }

  async drain(): Promise<void> {
    if (this.state === "running" || this.state === "starting") this.#become("draining");
    this.#drain.abort();
    await this.#done;
  }

  async close(): Promise<void> {
    this.#drain.abort();
    this.#stop.abort();
    await this.#done;
  }

  async #keepRunning(): Promise<void> {
    while (!this.#drain.signal.aborted) {
      const startedMs = performance.now();
      const isWell = await this.#runOnce();
      this.placed = undefined;
      const { restart } = this.settings;
      // A pipeline that nobody can run yet hasn't run: it begins when somebody comes.
      const isUnplaced = this.error?.code === "placement-impossible" && this.#parts.hasMesh;
      const isOver = restart === "never" || (restart === "on-failure" && isWell);
      if ((isOver && !isUnplaced) || this.#drain.signal.aborted) break;
      if (isUnplaced || performance.now() - startedMs >= settledMs) this.#pauseMs = firstPauseMs;
      await this.#pause();
      if (!isUnplaced) this.restarts += 1;
    }
    this.#become(this.error === undefined ? "ended" : "failed");
  }

  /** Whether it ended as it should. */
  async #runOnce(): Promise<boolean> {
    const { onLog } = this.#parts.options;
    const about = `pipeline ${this.name}`;
    this.#become("starting");
    try {
      const result = await this.#run();
      this.error = result.error;
      const { outcome, frames_in, frames_out, frames_dropped } = result.report;
      const counts = `${frames_in} frames in, ${frames_out} out, ${frames_dropped} dropped`;
      if (result.error === undefined) onLog({ level: "info", about, message: `${outcome}: ${counts}` });
      else onLog({ level: "error", about, message: result.error.message, error: result.error });
    } catch (thrown) {
      const before = this.error?.message;
      this.error = toRemoteMediaError(thrown);
      // What is tried again and again is told once.
      if (this.error.message !== before) {
        onLog({ level: "error", about, message: this.error.message, error: this.error });
      }
    }
    return this.error === undefined;
  }

  async #run() {
    const { program, options, hasMesh } = this.#parts;
    const { path, set, inputs, outputs, live } = this.settings;
    const { onLog } = options;
    const about = `pipeline ${this.name}`;
    const overrides = Object.entries(set).map(([param, value]) => `${param}=${JSON.stringify(value)}`);
    // What the operator says of this machine counts, not only what probes find.
    const places = hasMesh ? () => program.findPlaces(() => program.describeSelf(), []) : undefined;
    const pipeline = await program.load(
      { path, overrides, live, places },
      { keys: [], allowUnsigned: false },
    );
    this.#become(this.#drain.signal.aborted ? "draining" : "running");
    return program.run(pipeline, {
      inputs,
      outputs,
      raw: false,
      drain: this.#drain.signal,
      stop: this.#stop.signal,
      onLog: (line) => onLog({ level: "info", about: `${about}, node ${line.node}`, message: line.text }),
      onEvent: ({ node, kind, text }) =>
        onLog({
          level: kind === "lost" ? "warning" : "info",
          about: `${about}, node ${node}`,
          message: text,
        }),
      onOffload: (stage, event) => onLog({ ...describeOffloadEvent(event), about: `${about}, ${stage}` }),
      onPlaced: (placed) => {
        this.placed = placed;
      },
      onProgress: (progress) => {
        this.progress = progress;
      },
    });
  }

  async #pause(): Promise<void> {
    const pauseMs = this.#pauseMs * (0.75 + Math.random() / 2);
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    this.#become("waiting");
    this.#retryMs = performance.now() + pauseMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, pauseMs);
    this.#drain.signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#retryMs = undefined;
  }

  #become(state: PipelineState): void {
    if (this.state === state) return;
    this.state = state;
    this.since = new Date();
  }
}
