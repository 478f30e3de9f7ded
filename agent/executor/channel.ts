// Channel: the bounded queue of one connection, and how far in time its producer has come.
import type { Frame } from "../node/frame.ts";
import { Fifo } from "./fifo.ts";

/** What one connection may hold; a unit may have as many bytes again in calls. A channel that is over either limit stops its producer; it always takes the whole
 * outcome that puts it over, so it holds at most the limit and one outcome. */
export interface QueueLimits {
  /** Frames; at least 1, default 64. */
  readonly frames: number;
  /** Bytes of the frames' `data`; default 16 MiB. */
  readonly bytes: number;
}

export const defaultQueueLimits: QueueLimits = { frames: 64, bytes: 16 * 1024 * 1024 };

/** An end of a channel, told when there is something to do. */
export interface ChannelEnd {
  wake(): void;
}

interface Queued {
  readonly frame: Frame;
  readonly key: number;
}

/** Frames on their way from one producer to one consumer. Each carries a merge key (microseconds), and keys never fall
 * within a channel. */
export class Channel {
  /** The node that the frames left; undefined where they come from a source. */
  readonly node: string | undefined;
  /** The name that frames get as their port when they are taken; undefined leaves the producer's. */
  readonly port: string | undefined;
  readonly producer: ChannelEnd;
  readonly consumer: ChannelEnd;
  readonly #limits: QueueLimits;
  readonly #queue = new Fifo<Queued>();
  #bytes = 0;
  #watermark = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(
    ends: {
      node: string | undefined;
      port: string | undefined;
      producer: ChannelEnd;
      consumer: ChannelEnd;
    },
    limits: QueueLimits,
  ) {
    this.node = ends.node;
    this.port = ends.port;
    this.producer = ends.producer;
    this.consumer = ends.consumer;
    this.#limits = limits;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Whether the producer has to wait. */
  get isOver(): boolean {
    return this.#queue.length > this.#limits.frames || this.#bytes > this.#limits.bytes;
  }

  /** The first frame's key; undefined when no frame waits. */
  get headKey(): number | undefined {
    return this.#queue.peek()?.key;
  }

  /** No frame that is still to come has a key below this. */
  get watermark(): number {
    return this.#watermark;
  }

  /** Whether nothing more will come, though frames may still wait. */
  get isEnded(): boolean {
    return this.#ended;
  }

  push(frame: Frame, key: number): void {
    this.#queue.push({ frame, key });
    this.#bytes += frame.data.byteLength;
    this.#watermark = key;
    this.consumer.wake();
  }

  /** Takes the first frame. The channel must not be empty. */
  shift(): Frame {
    const wasOver = this.isOver;
    const { frame } = this.#queue.shift()!;
    this.#bytes -= frame.data.byteLength;
    if (wasOver && !this.isOver) this.producer.wake();
    if (this.port === undefined || this.port === frame.port) return frame;
    return { port: this.port, pts: frame.pts, payload: frame.payload, data: frame.data };
  }

  /** The producer's promise that no later key is below `watermark`. A lower one than before changes nothing. */
  announce(watermark: number): void {
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    if (this.#queue.length === 0) this.consumer.wake();
  }

  end(): void {
    this.#ended = true;
    this.consumer.wake();
  }
}
