// NodeRunner: the one interface by which the executor knows nodes, whoever runs them.
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import type { NodeFailure } from "./failure.ts";
import type { Frame } from "./frame.ts";

/** A frame that left a node. A runner may hold several nodes (a stage), so the node is named. */
export interface Emission {
  readonly node: string;
  readonly frame: Frame;
}

/** What one call led to: the frames that left the runner, in order, and the failures on the way.
 * A failed call may still have emissions: those of nodes before the one that failed. */
export interface Outcome {
  readonly emissions: readonly Emission[];
  readonly failures: readonly NodeFailure[];
}

/** Wall-clock time of a node's calls, in milliseconds. */
export interface CallTimes {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly total: number;
}

export interface NodeMetrics {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly restarts: number;
  readonly time: CallTimes;
  /** Units of the deterministic meter burnt; 0 where the runner doesn't meter. */
  readonly fuel: bigint;
  readonly memoryPeakBytes: number;
  /** "local", or the peer's name. */
  readonly placedOn: string;
}

/** Runs one node, or a stage of neighbouring nodes.
 *
 * `open` is called once and first; it throws RemoteMediaError (`node-invalid-params`, `module-*`, `node-*`) and leaves
 * nothing running when it does. `process` may be called again before the last call's promise has settled, up to
 * `window` calls in flight; outcomes settle in the order of the calls. It resolves also when a node failed, and the runner
 * is then ready for the next frame, with a fresh instance unless the node's policy keeps it. It rejects only when the
 * runner itself can't go on. `flush` is called once, after the last outcome has settled. `close` may be called at any time, more than
 * once, and releases everything; calls in flight reject. Input frames' `data` must not change until their outcome settled;
 * emitted frames own their `data`. */
export interface NodeRunner extends AsyncDisposable {
  /** How many `process` calls may be in flight; at least 1. */
  readonly window: number;
  open(): Promise<void>;
  process(input: Frame): Promise<Outcome>;
  flush(): Promise<Outcome>;
  close(): Promise<void>;
  /** Per node id. May be called at any time, also after `close`. */
  metrics(): ReadonlyMap<string, NodeMetrics>;
}

/** What a source can say besides frames: none with an earlier `pts` than `mark` will leave by that port, or by any where none is
 * named. A live source says so while it has nothing to give, so that a merge doesn't wait for it. Microseconds. */
export interface TimeMark {
  readonly mark: number;
  readonly port?: string | undefined;
}

/** What a source has done so far. */
export interface SourceMetrics {
  /** Frames that came from the device, the stream or the file. */
  readonly framesIn: number;
  /** Those that were given up because nobody took them in time: newest wins. */
  readonly framesDropped: number;
  /** How often it was lost and found again. */
  readonly restarts: number;
  /** The first losses, as the report lists them. */
  readonly failures: readonly SourceFailure[];
  /** Of all losses. */
  readonly failuresTotal: number;
}

/** Why a source was lost for a while. */
export interface SourceFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** Microseconds; of the last frame before; undefined where there was none. */
  readonly framePts: number | undefined;
}

/** Where frames come from: a file, a device, a pipe. `frames` is iterated once; ending the iteration early, or the
 * signal, releases what the source holds. It throws RemoteMediaError (`input-broken`, …) when it breaks off. */
export interface FrameSource {
  frames(signal: AbortSignal): AsyncIterable<Frame | TimeMark>;
  /** Duration in microseconds where it is known beforehand, for progress. */
  readonly durationUs?: number | undefined;
  /** May be called at any time. Absent where nothing is ever dropped or lost: then the executor's count is all there is to know. */
  metrics?(): SourceMetrics;
}

/** A source of what lies there already: frames only, no marks. */
export interface StoredSource extends FrameSource {
  frames(signal: AbortSignal): AsyncIterable<Frame>;
}

/** Whether what a source gave is a mark. */
export function isTimeMark(given: Frame | TimeMark): given is TimeMark {
  return "mark" in given;
}

/** Where frames go. `write` resolves when the sink can take the next one (back-pressure) and throws RemoteMediaError
 * (`output-failed`); `node` is the one that the frame left, for sinks that take the frames of several. `close` finishes the output, `abort` leaves no partial temporary file behind. */
export interface FrameSink {
  write(frame: Frame, node?: string): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}
