// SinkStation: writes what its merge gives to one sink, one frame at a time.
import type { FrameSink } from "../node/runner.ts";
import { Merge } from "./merge.ts";
import type { Scheduler, Station } from "./scheduler.ts";

export interface SinkEvents {
  onWritten(): void;
  /** The sink took no frame: a full disk, a closed pipe. */
  onBroken(thrown: unknown): void;
}

export class SinkStation implements Station {
  isQueued = false;
  merge = new Merge([]);
  readonly #sink: FrameSink;
  readonly #scheduler: Scheduler;
  readonly #events: SinkEvents;
  readonly #onWritten: () => void;
  readonly #onBroken: (thrown: unknown) => void;
  #isWriting = false;
  #framesWritten = 0;

  constructor(sink: FrameSink, scheduler: Scheduler, events: SinkEvents) {
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#events = events;
    // Made once, not once a frame.
    this.#onWritten = () => {
      this.#isWriting = false;
      this.#framesWritten++;
      this.#events.onWritten();
      this.wake();
      this.#scheduler.end();
    };
    this.#onBroken = (thrown) => {
      this.#events.onBroken(thrown);
      this.#scheduler.end();
    };
  }

  get isFinished(): boolean {
    return !this.#isWriting && this.merge.isEnded;
  }

  get framesWritten(): number {
    return this.#framesWritten;
  }

  get waitingKey(): number | undefined {
    return this.#isWriting ? undefined : this.merge.waitingKey;
  }

  wake(): void {
    this.#scheduler.wake(this);
  }

  pump(): void {
    if (this.#isWriting) return;
    this.#write(this.merge.take());
  }

  release(): void {
    this.#write(this.merge.release());
  }

  #write(frame: ReturnType<Merge["take"]>): void {
    if (frame === undefined) return;
    this.#isWriting = true;
    this.#scheduler.begin();
    this.#sink.write(frame, this.merge.takenNode).then(this.#onWritten, this.#onBroken);
  }
}
