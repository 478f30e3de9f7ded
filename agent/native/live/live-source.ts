// openLiveSource: a device or a stream that gives frames whether they are taken or not, as a FrameSource.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Frame } from "../../node/frame.ts";
import type { FrameSource, SourceMetrics, TimeMark } from "../../node/runner.ts";
import type { NativeEvent, PipelineClock } from "../node-type.ts";
import type { LiveSession } from "./live-session.ts";
import { LossLedger } from "./loss-ledger.ts";
import { NewestQueue, type QueueBounds } from "./newest-queue.ts";
import { keepSession, type SessionPolicy } from "./session-keeper.ts";

export interface LivePolicy extends SessionPolicy {
  /** How late a frame may come after it was captured; grows to what is seen, at most 5 s. */
  readonly latencyMs: number;
}

export interface LiveSourceOptions {
  readonly node: string;
  /** What it is, for people: `the camera "HD Webcam"`. */
  readonly what: () => string;
  readonly policy: LivePolicy;
  /** The ports that frames leave by, and how many may wait at each. */
  readonly queues: Readonly<Record<string, QueueBounds>>;
  readonly clock: PipelineClock;
  /** Throws RemoteMediaError; `device-missing`, `device-busy`, `stream-unreachable`, … are waited out. */
  openSession(signal: AbortSignal): Promise<LiveSession>;
  deviceChange(signal: AbortSignal): Promise<void>;
  onEvent(event: NativeEvent): void;
  /** Gives 0 to 1; default: chance. */
  readonly random?: () => number;
}

/** While nothing comes, marks go out so often. */
const markEveryMs = 250;
const longestLatencyUs = 5_000_000;

/** The device is read as fast as it gives, beside whoever takes the frames: what isn't taken in time is dropped, oldest first,
 * and counted. Times rise strictly by port, also over losses. While a port is silent it says by marks how far time has come. */
export function openLiveSource(options: LiveSourceOptions): FrameSource {
  return new LiveSource(options);
}

interface Lane {
  readonly queue: NewestQueue;
  /** Of the last frame that came. */
  lastPts: number;
  /** When the last frame or mark was given. */
  givenAtUs: number;
}

class LiveSource implements FrameSource {
  readonly #options: LiveSourceOptions;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #ledger: LossLedger;
  #latencyUs: number;
  #given = 0;
  #order = 0;
  #lastPts: number | undefined;
  #isTickDue = false;
  #wake = Promise.withResolvers<void>();

  constructor(options: LiveSourceOptions) {
    this.#options = options;
    this.#ledger = new LossLedger(options);
    this.#latencyUs = options.policy.latencyMs * 1000;
    const lanes = Object.entries(options.queues).map(([port, bounds]): [string, Lane] => {
      return [port, { queue: new NewestQueue(bounds), lastPts: Number.NEGATIVE_INFINITY, givenAtUs: 0 }];
    });
    this.#lanes = new Map(lanes);
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Frame | TimeMark> {
    if (signal.aborted) return;
    const stop = new AbortController();
    const onAbort = () => {
      stop.abort();
      this.#wake.resolve();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const ended = this.#keep(stop.signal);
    const ticking = this.#tick(stop.signal);
    let end: { readonly error: RemoteMediaError | undefined } | undefined;
    void ended.then((error) => {
      end = { error };
      this.#wake.resolve();
    });
    try {
      while (!signal.aborted) {
        if (this.#isTickDue) yield* this.#marks();
        const frame = this.#shift();
        if (frame !== undefined) yield frame;
        else if (end === undefined) await this.#news();
        else if (end.error !== undefined) throw end.error;
        else return;
      }
    } finally {
      onAbort();
      signal.removeEventListener("abort", onAbort);
      await Promise.all([ended, ticking]);
      // They were neither given nor dropped for newer ones: the run ended first.
      for (const { queue } of this.#lanes.values()) queue.clear();
    }
  }

  metrics(): SourceMetrics {
    let [waiting, framesDropped] = [0, 0];
    for (const { queue } of this.#lanes.values()) {
      waiting += queue.length;
      framesDropped += queue.dropped;
    }
    const { restarts, failures, failuresTotal } = this.#ledger;
    const framesIn = this.#given + framesDropped + waiting;
    return { framesIn, framesDropped, restarts, failures: [...failures], failuresTotal };
  }

  /** Never rejects. */
  async #keep(signal: AbortSignal): Promise<RemoteMediaError | undefined> {
    const { policy, clock, random = Math.random } = this.#options;
    const error = await keepSession(
      {
        policy,
        clock,
        random,
        openSession: (session) => this.#options.openSession(session),
        deviceChange: (waiting) => this.#options.deviceChange(waiting),
        onFrame: (frame, pts, nowUs) => this.#take(frame, pts, nowUs),
        onLoss: (loss, nowUs) => this.#ledger.lose(loss, nowUs, this.#lastPts),
      },
      signal,
    );
    return error && atNode(error, this.#options.node);
  }

  #take(frame: Frame, mappedUs: number, nowUs: number): void {
    const lane = this.#lanes.get(frame.port);
    if (lane === undefined) return;
    this.#ledger.hear(nowUs);
    const pts = Math.max(mappedUs, lane.lastPts + 1);
    lane.lastPts = pts;
    this.#lastPts = pts;
    // A mark has promised less than the source keeps: from now on it promises less.
    this.#latencyUs = Math.max(this.#latencyUs, Math.min(nowUs - pts, longestLatencyUs));
    const { port, payload, data } = frame;
    lane.queue.push({ frame: { port, pts, payload, data }, order: this.#order++ });
    this.#wake.resolve();
  }

  /** The frame that came first, of all ports. */
  #shift(): Frame | undefined {
    let first: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      const order = lane.queue.headOrder;
      if (order !== undefined && order < (first?.queue.headOrder ?? Number.POSITIVE_INFINITY)) first = lane;
    }
    if (first === undefined) return undefined;
    first.givenAtUs = this.#options.clock.nowUs();
    this.#given++;
    return first.queue.shift()!.frame;
  }

  /** A mark for each port that has been silent since the last tick. */
  *#marks(): Generator<TimeMark> {
    this.#isTickDue = false;
    for (const [port, lane] of this.#lanes) {
      const nowUs = this.#options.clock.nowUs();
      if (lane.queue.length > 0 || nowUs - lane.givenAtUs < markEveryMs * 1000) continue;
      const mark = Math.floor(nowUs - this.#latencyUs);
      lane.givenAtUs = nowUs;
      if (mark > lane.lastPts && mark > 0) yield { mark, port };
    }
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(markEveryMs, signal);
      this.#isTickDue = true;
      this.#wake.resolve();
    }
  }

  async #news(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers();
  }
}

function atNode(error: RemoteMediaError, node: string): RemoteMediaError {
  const { code, message, hint } = error;
  const where = { ...error.where, node };
  return new RemoteMediaError(code, message, {
    where,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
