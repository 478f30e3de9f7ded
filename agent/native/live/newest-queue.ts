// NewestQueue: what waits between a device, which never waits, and a pipeline, which may be late. Newest wins.
import type { Frame } from "../../node/frame.ts";

/** What one port's frames may hold while they wait. */
export interface QueueBounds {
  /** At least 1. */
  readonly frames: number;
  /** Of the frames' `data`. */
  readonly bytes: number;
  /** Microseconds between the `pts` of the oldest and the newest. */
  readonly durationUs: number;
}

/** A frame, and its place among those of every port of its source. */
export interface Queued {
  readonly frame: Frame;
  readonly order: number;
}

/** Bounded: when a frame makes it too much, the oldest go. The newest stays whatever its size, so it holds at most the bounds, or one frame. */
export class NewestQueue {
  readonly #bounds: QueueBounds;
  #waiting: Queued[] = [];
  #head = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** Of the frames that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many frames were given up for newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The oldest frame's place; undefined when none waits. */
  get headOrder(): number | undefined {
    return this.#waiting[this.#head]?.order;
  }

  push(queued: Queued): void {
    this.#waiting.push(queued);
    this.#bytes += queued.frame.data.byteLength;
    while (this.length > 1 && this.#isOver(queued.frame.pts)) {
      this.shift();
      this.#dropped++;
    }
  }

  /** Takes the oldest; undefined when none waits. */
  shift(): Queued | undefined {
    const oldest = this.#waiting[this.#head];
    if (oldest === undefined) return undefined;
    this.#head++;
    this.#bytes -= oldest.frame.data.byteLength;
    // What was taken must not be held; moving the rest every time would cost more than it frees.
    if (this.#head === this.#waiting.length || this.#head >= 32) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return oldest;
  }

  clear(): void {
    this.#waiting = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #isOver(newestUs: number): boolean {
    const { frames, bytes, durationUs } = this.#bounds;
    const oldestUs = this.#waiting[this.#head]!.frame.pts;
    return this.length > frames || this.#bytes > bytes || newestUs - oldestUs > durationUs;
  }
}
