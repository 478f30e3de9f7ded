// Merge: several channels into one sequence, ordered by key, ties by the channels' order.
import type { Frame } from "../node/frame.ts";
import type { Channel } from "./channel.ts";

/** The order it gives depends on the channels' contents alone, never on when they arrived: a frame is taken only when no
 * channel can still bring one that belongs before it (or by `release`). */
export class Merge {
  readonly #channels: readonly Channel[];
  #takenKey = Number.NEGATIVE_INFINITY;
  #takenFrom: Channel | undefined;
  #reachedKey = Number.NEGATIVE_INFINITY;

  /** `channels` in the order that breaks ties. */
  constructor(channels: readonly Channel[]) {
    this.#channels = channels;
  }

  /** Whether there are channels to be ordered. */
  get isMerging(): boolean {
    return this.#channels.length > 1;
  }

  /** Whether nothing waits and nothing will come. */
  get isEnded(): boolean {
    return this.#channels.every((channel) => channel.isEnded && channel.length === 0);
  }

  /** The key of the frame that was taken last. */
  get takenKey(): number {
    return this.#takenKey;
  }

  /** The node that the frame that was taken last had left; undefined where it came from a source. */
  get takenNode(): string | undefined {
    return this.#takenFrom?.node;
  }

  /** The highest key of a frame that was taken. Higher than `takenKey` only where a release let a frame through before
   * earlier ones. */
  get reachedKey(): number {
    return this.#reachedKey;
  }

  /** The key of the earliest frame that waits; undefined when none does. */
  get waitingKey(): number | undefined {
    return this.#earliest()?.headKey;
  }

  /** No frame that is still to be taken counts as earlier than this: one whose key is lower was overtaken by a release, and
   * counts as of `reachedKey`. When nothing will come: what the furthest channel had reached. Never falls. */
  get low(): number {
    let low = Number.POSITIVE_INFINITY;
    let reached = Number.NEGATIVE_INFINITY;
    for (const channel of this.#channels) {
      if (channel.watermark > reached) reached = channel.watermark;
      const key = channel.headKey ?? (channel.isEnded ? Number.POSITIVE_INFINITY : channel.watermark);
      if (key < low) low = key;
    }
    if (low === Number.POSITIVE_INFINITY) low = reached;
    return Math.max(low, this.#reachedKey);
  }

  /** The next frame in order; undefined when there is none yet. */
  take(): Frame | undefined {
    const earliest = this.#earliest();
    if (earliest === undefined) return undefined;
    if (this.#channels.length > 1 && this.#mayBePreceded(earliest)) return undefined;
    return this.#takeFrom(earliest);
  }

  /** The earliest frame that waits, although another channel might still bring an earlier one. */
  release(): Frame | undefined {
    const earliest = this.#earliest();
    return earliest === undefined ? undefined : this.#takeFrom(earliest);
  }

  #takeFrom(channel: Channel): Frame {
    const key = channel.headKey!;
    this.#takenKey = key;
    this.#takenFrom = channel;
    if (key > this.#reachedKey) this.#reachedKey = key;
    return channel.shift();
  }

  #earliest(): Channel | undefined {
    let earliest: Channel | undefined;
    let key = Number.POSITIVE_INFINITY;
    for (const channel of this.#channels) {
      const head = channel.headKey;
      if (head !== undefined && head < key) {
        earliest = channel;
        key = head;
      }
    }
    return earliest;
  }

  #mayBePreceded(earliest: Channel): boolean {
    const key = earliest.headKey!;
    let isBefore = true;
    for (const channel of this.#channels) {
      if (channel === earliest) isBefore = false;
      else if (channel.length === 0 && !channel.isEnded) {
        if (channel.watermark < key || (isBefore && channel.watermark === key)) return true;
      }
    }
    return false;
  }
}
