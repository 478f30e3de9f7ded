// SourceStation: reads one source as fast as its channels take it.
import { type FrameSource, isTimeMark } from "../node/runner.ts";
import { keyAfter, OutputPort } from "./output-port.ts";
import type { Scheduler, Station } from "./scheduler.ts";

export interface SourceEvents {
  onRead(pts: number): void;
  /** The source broke off; what it gave before stands. */
  onBroken(thrown: unknown): void;
}

export class SourceStation implements Station {
  isQueued = false;
  /** A source merges nothing. */
  readonly waitingKey = undefined;
  readonly output = new OutputPort();
  readonly #source: FrameSource;
  readonly #scheduler: Scheduler;
  readonly #events: SourceEvents;
  readonly #abort = new AbortController();
  #isFinished = false;
  /** What the next frame's key is at least. */
  #next = Number.NEGATIVE_INFINITY;
  #resume: (() => void) | undefined;

  constructor(source: FrameSource, scheduler: Scheduler, events: SourceEvents) {
    this.#source = source;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  wake(): void {
    this.#scheduler.wake(this);
  }

  /** Goes on reading when there is room again. */
  pump(): void {
    if (this.#resume === undefined || (this.output.isBlocked && !this.#abort.signal.aborted)) return;
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
    this.output.end(this.#next);
    this.#scheduler.end();
  }

  async #readFrames(signal: AbortSignal): Promise<void> {
    for await (const given of this.#source.frames(signal)) {
      if (this.#scheduler.isStopped) return;
      if (isTimeMark(given)) continue;
      const frame = given;
      this.output.emit(frame, this.#next, this.#next);
      this.#next = keyAfter(this.output.key);
      this.output.announce(this.#next);
      this.#events.onRead(frame.pts);
      this.#scheduler.run();
      if (this.output.isBlocked && !signal.aborted) await this.#room();
      // Also where the source doesn't heed its signal.
      if (signal.aborted) return;
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
