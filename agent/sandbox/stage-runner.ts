// NodeRunner over a sandbox child: a stage of WASM nodes behind shared memory, killed when it overruns, respawned after.

import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ChildExit } from "../../platform/contract/process.ts";
import type { FailureCode, NodeFailure } from "../node/failure.ts";
import type { Frame } from "../node/frame.ts";
import type { Emission, NodeMetrics, NodeRunner, Outcome } from "../node/runner.ts";
import { type BlobJson, encodeBlobJson } from "./blob-json.ts";
import { CallDeadline } from "./call-deadline.ts";
import { readableText } from "./readable-text.ts";
import { failureCodes, type LogLevel, logLevels, type Note } from "./records.ts";
import { describeExit, type SandboxPool } from "./sandbox-pool.ts";
import { type StageBound, stageBoundOf } from "./stage-bound.ts";
import { consecutiveFailures, MetricsTotal, setConsecutiveFailures } from "./stage-metrics.ts";
import { StageSession } from "./stage-session.ts";
import { sandboxSizeOf } from "./stage-size.ts";
import type { StageNode, StageSpec } from "./stage-spec.ts";

/** A line that a guest logged, or that was made of what it printed. `suppressed` lines before it were dropped. */
export interface GuestLog {
  readonly node: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly suppressed: number;
}

export interface StageRunnerOptions {
  readonly pool: SandboxPool;
  readonly stage: StageSpec;
  readonly onLog?: (line: GuestLog) => void;
}

/** Calls in flight: enough to keep the child busy while the parent looks elsewhere. */
const callWindow = 32;
/** Bytes in flight to a child, or one frame if it is larger. */
const windowBytes = 8 * 1024 * 1024;
/** How often a child is asked for, after one was lost, before the run is given up. */
const startAttempts = 3;
const maxTextBytes = 4096;

interface Call {
  readonly sequence: number;
  /** Undefined for the flush. */
  readonly frame: Frame | undefined;
  readonly emissions: Emission[];
  /** Of the emissions' data. */
  bytes: number;
  readonly failures: NodeFailure[];
  readonly settled: PromiseWithResolvers<Outcome>;
}

/** What opening the stage in a child has led to so far. */
interface Opening {
  readonly failures: NodeFailure[];
  readonly settled: PromiseWithResolvers<void>;
}

export class StageRunner implements NodeRunner {
  readonly window = callWindow;
  readonly #options: StageRunnerOptions;
  readonly #nodes: readonly StageNode[];
  readonly #encoded: BlobJson;
  readonly #deadline: CallDeadline;
  /** What a child may give for one call: its own bound, once a node for a flush. */
  readonly #bound: StageBound;
  readonly #totals: readonly MetricsTotal[];
  /** Failures in a row by node, as the last child that died has left them. */
  readonly #consecutive: number[];
  /** Oldest first; the first `#sent` of them are with the child. */
  readonly #calls: Call[] = [];
  #sent = 0;
  #sentBytes = 0;
  #answered = 0;
  #nextSequence = 1;
  /** The session that has a child, loaded or not. */
  #current: StageSession | undefined;
  /** The same once it is loaded. */
  #session: StageSession | undefined;
  #opening: Opening | undefined;
  #starting = false;
  #closed = false;

  constructor(options: StageRunnerOptions) {
    this.#options = options;
    this.#nodes = options.stage.nodes;
    this.#encoded = encodeBlobJson(options.stage);
    const { frames, bytes } = stageBoundOf(this.#nodes);
    this.#bound = { frames: frames * this.#nodes.length, bytes: bytes * this.#nodes.length };
    this.#totals = this.#nodes.map(() => new MetricsTotal());
    this.#consecutive = this.#nodes.map(() => 0);
    const limits = this.#nodes.map((node) => node.limits.maxExecutionMs);
    this.#deadline = new CallDeadline(limits, {
      isBusy: () => this.#sent > 0 || this.#opening !== undefined,
      answered: () => this.#answered,
    });
  }

  async open(): Promise<void> {
    let first: NodeFailure | undefined;
    try {
      [first] = await this.#start();
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
    if (first === undefined) return;
    await this.close();
    const message = `node "${first.node}" (${first.nodeType}) did not open: ${first.message}`;
    throw new RemoteMediaError(first.code, message, { where: { node: first.node } });
  }

  process(frame: Frame): Promise<Outcome> {
    return this.#call(frame);
  }

  flush(): Promise<Outcome> {
    return this.#call(undefined);
  }

  #call(frame: Frame | undefined): Promise<Outcome> {
    if (this.#closed) return Promise.reject(new RemoteMediaError("internal", "the stage is closed"));
    const settled = Promise.withResolvers<Outcome>();
    this.#calls.push({ sequence: this.#nextSequence, frame, emissions: [], bytes: 0, failures: [], settled });
    this.#nextSequence = (this.#nextSequence + 1) | 0;
    this.#pump();
    return settled.promise;
  }

  /** Sends what the window has room for. */
  #pump(): void {
    const session = this.#session;
    if (session === undefined) {
      this.#restart();
      return;
    }
    while (this.#sent < this.#calls.length && this.#sent < callWindow) {
      const call = this.#calls[this.#sent]!;
      const bytes = call.frame?.data.length ?? 0;
      if (this.#sent > 0 && this.#sentBytes + bytes > windowBytes) break;
      if (!this.#send(session, call)) break;
      this.#sent += 1;
      this.#sentBytes += bytes;
    }
    if (this.#sent > 0) this.#deadline.watch(session);
  }

  #send(session: StageSession, call: Call): boolean {
    const { frame, sequence } = call;
    if (frame === undefined) return session.trySendFlush(sequence);
    const port = this.#nodes[0]!.inputs.findIndex((input) => input.name === frame.port);
    if (port >= 0 && frame.data.length <= session.capacity)
      return session.trySendFrame(sequence, port, frame);
    // It can't be sent at all; an empty call takes its place, so that outcomes stay in order.
    const message =
      port < 0
        ? `there is no input port "${frame.port}"`
        : `a frame of ${frame.data.length} bytes is too large`;
    if (!session.trySendNothing(sequence)) return false;
    call.failures.push(this.#describe(0, "node-bad-input", message, frame.pts, 1));
    return true;
  }

  /** `attempt` counts from 1: a machine that is short of memory or processes for a moment costs no run. */
  #restart(attempt = 1): void {
    if (this.#starting || this.#closed) return;
    this.#starting = true;
    const settle = (failures: readonly NodeFailure[]) => {
      this.#starting = false;
      const oldest = this.#calls[0];
      // A stage that does not open costs the oldest frame, so that this ends.
      if (oldest !== undefined && failures.length > 0) {
        oldest.failures.push(...failures.map((failure) => ({ ...failure, framePts: oldest.frame?.pts })));
        this.#settleOldest();
      }
      if (this.#calls.length > 0 && !this.#closed) this.#pump();
    };
    this.#start().then(settle, (thrown) => {
      this.#starting = false;
      if (attempt < startAttempts) this.#restart(attempt + 1);
      else this.#rejectAll(thrown);
    });
  }

  /** Gets a child and opens the stage in it. Gives the failures of nodes that did not open. */
  async #start(): Promise<readonly NodeFailure[]> {
    const sandbox = await this.#options.pool.take(sandboxSizeOf(this.#options.stage, this.#encoded));
    const opening: Opening = { failures: [], settled: Promise.withResolvers() };
    const session: StageSession = new StageSession(sandbox, {
      loaded: (problem) => {
        this.#opening = undefined;
        if (problem === undefined) this.#session = session;
        else opening.settled.reject(problem);
        opening.settled.resolve();
      },
      emission: (sequence, tag, frame) => this.#emitted(sequence, tag, frame),
      failure: (sequence, note) => this.#failed(sequence, note),
      done: (sequence) => this.#done(sequence),
      log: (note) => this.#logged(note),
      ended: (exit, lie) => this.#ended(session, exit, lie),
    });
    if (this.#closed) {
      await session.discard();
      throw new RemoteMediaError("internal", "the stage is closed");
    }
    this.#current = session;
    this.#nodes.forEach((_, node) => {
      setConsecutiveFailures(session.metrics(node), this.#consecutive[node]!);
    });
    this.#opening = opening;
    session.load(this.#encoded);
    this.#deadline.watch(session);
    await opening.settled.promise;
    return opening.failures;
  }

  #emitted(sequence: number, tag: number, frame: Frame): void {
    const call = this.#oldest(sequence);
    const node = this.#nodes[tag >> 8];
    const port = node?.outputs[tag & 255];
    if (node === undefined || port === undefined)
      throw protocolBroken("an emission from a port that doesn't exist");
    call.bytes += frame.data.length;
    if (call.emissions.length >= this.#bound.frames || call.bytes > this.#bound.bytes)
      throw protocolBroken("more output than a stage may give");
    call.emissions.push({ node: node.id, frame: { ...frame, port: port.name } });
  }

  #failed(sequence: number, note: Note): void {
    const code = failureCodes[note.code];
    if (code === undefined || note.node >= this.#nodes.length)
      throw protocolBroken("a failure that doesn't exist");
    const failure = this.#describe(note.node, code, noteText(note.text), note.pts, note.count);
    const { failures } = this.#opening ?? this.#oldest(sequence);
    if (failures.length >= this.#bound.frames) throw protocolBroken("more failures than a stage may have");
    failures.push(failure);
  }

  #done(sequence: number): void {
    const call = this.#oldest(sequence);
    this.#answered += 1;
    this.#sent -= 1;
    this.#sentBytes -= call.frame?.data.length ?? 0;
    this.#settleOldest();
    this.#pump();
  }

  #logged(note: Note): void {
    const node = this.#nodes[note.node];
    const level = logLevels[note.code];
    if (node === undefined || level === undefined) throw protocolBroken("a log line that doesn't exist");
    this.#options.onLog?.({ node: node.id, level, text: noteText(note.text), suppressed: note.count });
  }

  /** The call that the child must be speaking of. */
  #oldest(sequence: number): Call {
    const call = this.#calls[0];
    if (call === undefined || this.#sent === 0 || call.sequence !== sequence)
      throw protocolBroken("an answer to nothing");
    return call;
  }

  #settleOldest(): void {
    const call = this.#calls.shift()!;
    call.settled.resolve({ emissions: call.emissions, failures: call.failures });
  }

  /** The child is gone: who did it is reported, the rest of what it had goes to the next child. */
  #ended(session: StageSession, exit: ChildExit, lie: RemoteMediaError | undefined): void {
    if (this.#current !== session) return;
    this.#absorb(session);
    const wasLoaded = this.#session === session;
    this.#session = undefined;
    const blamed = Math.min(Math.max(session.currentNode, 0), this.#nodes.length - 1);
    void session.discard();
    if (this.#closed) return;
    const timeout = exit.signal === "SIGALRM" || this.#deadline.expired;
    // It must not look into memory that is given back below.
    this.#deadline.stop();
    const limit = this.#nodes[blamed]!.limits.maxExecutionMs;
    const message = timeout
      ? `the call took longer than ${limit} ms`
      : lie === undefined
        ? `its process ended: ${describeExit(exit)}`
        : `its process broke the protocol: ${lie.message}`;
    const failure = (pts: number | undefined) => {
      this.#consecutive[blamed]! += 1;
      this.#totals.forEach((total) => {
        total.addRestart();
      });
      return this.#describe(
        blamed,
        timeout ? "node-timeout" : "node-killed",
        message,
        pts,
        this.#consecutive[blamed]!,
      );
    };
    if (!wasLoaded) {
      const opening = this.#opening;
      this.#opening = undefined;
      opening?.failures.push(failure(undefined));
      opening?.settled.resolve();
      return;
    }
    if (this.#sent > 0) {
      const call = this.#calls[0]!;
      call.failures.push(failure(call.frame?.pts));
      this.#settleOldest();
    }
    this.#sent = 0;
    this.#sentBytes = 0;
    this.#restart();
  }

  #absorb(session: StageSession): void {
    this.#current = undefined;
    this.#totals.forEach((total, node) => {
      total.add(session.metrics(node));
      this.#consecutive[node] = consecutiveFailures(session.metrics(node));
    });
  }

  #describe(
    node: number,
    code: FailureCode,
    message: string,
    framePts: number | undefined,
    consecutive: number,
  ): NodeFailure {
    const { id, type } = this.#nodes[node]!;
    return { node: id, nodeType: type, code, message, framePts, consecutive };
  }

  #rejectAll(reason: unknown): void {
    this.#sent = 0;
    this.#sentBytes = 0;
    for (const call of this.#calls.splice(0)) call.settled.reject(reason);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadline.stop();
    const session = this.#current;
    if (session !== undefined) this.#absorb(session);
    this.#session = undefined;
    this.#opening?.settled.resolve();
    this.#rejectAll(new RemoteMediaError("internal", "the stage was closed"));
    await session?.discard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    return new Map(
      this.#nodes.map((node, index) => [node.id, this.#totals[index]!.read(this.#current?.metrics(index))]),
    );
  }
}

function protocolBroken(what: string): RemoteMediaError {
  return new RemoteMediaError("sandbox-failed", what);
}

/** A note's text, cut. */
function noteText(bytes: Uint8Array): string {
  return readableText(new TextDecoder().decode(bytes.slice(0, maxTextBytes)));
}
