// SourceStation: reads one source as fast as its channels take it.
import { type FrameSource, isTimeMark, type TimeMark } from "../node/runner.ts";
import { keyAfter, OutputPort } from "./output-port.ts";
import type { Scheduler, Station } from "./scheduler.ts";

export interface SourceEvents {
  onRead(pts: number): void;
  /** The source broke off; what it gave before stands. */
  onBroken(thrown: unknown): void;
}

/** An output, and what the next frame's key there is at least. */
interface Lane {
  readonly output: OutputPort;
  next: number;
}

export class SourceStation implements Station {
  isQueued = false;
  /** A source merges nothing. */
  readonly waitingKey = undefined;
  readonly isNode: boolean;
  readonly #source: FrameSource;
  readonly #scheduler: Scheduler;
  readonly #events: SourceEvents;
  /** By port; by "" the one that takes every frame. */
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #all: readonly Lane[];
  readonly #abort = new AbortController();
  #isFinished = false;
  #framesRead = 0;
  #resume: (() => void) | undefined;

  /** `outputs` are those of a node by name; frames on another port are discarded. Without them the source is bound to
   * inputs, and every frame goes to each, whatever its port. */
  constructor(
    source: FrameSource,
    scheduler: Scheduler,
    events: SourceEvents,
    outputs?: ReadonlyMap<string, OutputPort>,
  ) {
    this.#source = source;
    this.#scheduler = scheduler;
    this.#events = events;
    this.isNode = outputs !== undefined;
    const named = outputs ?? new Map([["", new OutputPort()]]);
    this.#lanes = new Map(
      [...named].map(([port, output]) => [port, { output, next: Number.NEGATIVE_INFINITY }]),
    );
    this.#all = [...this.#lanes.values()];
  }

  /** Where frames of a port leave; undefined for a port that nothing takes. */
  outputOf(port: string): OutputPort | undefined {
    return this.#lanes.get(this.isNode ? port : "")?.output;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get framesRead(): number {
    return this.#framesRead;
  }

  wake(): void {
    this.#scheduler.wake(this);
  }

  /** Goes on reading when there is room again. */
  pump(): void {
    if (this.#resume === undefined || (this.#isBlocked && !this.#abort.signal.aborted)) return;
    // Counted here, not where the reading goes on: in between the graph would seem to stand still.
    this.#scheduler.begin();
    this.#resume();
    this.#resume = undefined;
  }

  release(): void {}

  /** Asks the source to end. A frame that is being read is still taken. */
  stop(): void {
    this.#abort.abort();
    this.pump();
  }

  /** Reads to the end; never rejects. Resolves when the source holds nothing any more. */
  async read(): Promise<void> {
    const { signal } = this.#abort;
    this.#scheduler.begin();
    try {
      if (!signal.aborted) await this.#readFrames(signal);
    } catch (thrown) {
      if (!(signal.aborted && isAbort(thrown, signal))) this.#events.onBroken(thrown);
    }
    this.#isFinished = true;
    for (const lane of this.#all) lane.output.end(lane.next);
    this.#scheduler.end();
  }

  get #isBlocked(): boolean {
    for (const lane of this.#all) if (lane.output.isBlocked) return true;
    return false;
  }

  async #readFrames(signal: AbortSignal): Promise<void> {
    for await (const given of this.#source.frames(signal)) {
      if (this.#scheduler.isStopped) return;
      if (isTimeMark(given)) {
        this.#mark(given);
      } else {
        const lane = this.#lanes.get(this.isNode ? given.port : "");
        if (lane !== undefined) {
          lane.output.emit(given, lane.next, lane.next);
          lane.next = keyAfter(lane.output.key);
          lane.output.announce(lane.next);
        }
        this.#framesRead++;
        this.#events.onRead(given.pts);
      }
      this.#scheduler.run();
      if (this.#isBlocked && !signal.aborted) await this.#room();
      // Also where the source doesn't heed its signal.
      if (signal.aborted) return;
    }
  }

  /** The source has nothing to give before that time: merges downstream need not wait for it. */
  #mark({ mark, port }: TimeMark): void {
    const marked = this.isNode && port !== undefined ? [this.#lanes.get(port)] : this.#all;
    for (const lane of marked) {
      if (lane === undefined || !(mark > lane.next)) continue;
      lane.next = mark;
      lane.output.announce(mark);
    }
  }

  #room(): Promise<void> {
    const room = new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
    this.#scheduler.end();
    return room;
  }
}

function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return thrown === signal.reason || (thrown instanceof Error && thrown.name === "AbortError");
}
