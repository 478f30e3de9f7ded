// MediaFileWriter: pictures and sound into files of one encoder, each file of one format.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { EncodeOutput, MediaEncoder } from "../../../platform/contract/media-capture.ts";
import type { Frame } from "../../node/frame.ts";
import type { FrameWriter } from "../frame-writer.ts";
import type { NutPayload } from "../nut/nut-stream.ts";
import { describeFormat, EncoderFeed, isSameFormat, type MediaFrame, requireMedia } from "./encoder-feed.ts";

export interface MediaFileSpec {
  readonly node: string;
  readonly output: EncodeOutput;
  /** The ports that frames are awaited at before a file begins: a container says in its beginning what it holds. */
  readonly ports: readonly string[];
  /** Whether a new file may begin where the format changes. */
  readonly isSegmented: boolean;
}

/** A file begins without a port that is silent for so long, or while so much of the others waits. */
const patienceUs = 2_000_000;
const patienceBytes = 64 * 1024 * 1024;

export class MediaFileWriter implements FrameWriter {
  readonly #spec: MediaFileSpec;
  readonly #encoder: MediaEncoder;
  #feed: EncoderFeed | undefined;
  /** What came before the file could begin. */
  #waiting: MediaFrame[] = [];
  #waitingBytes = 0;
  #isAborted = false;

  constructor(spec: MediaFileSpec, encoder: MediaEncoder) {
    this.#spec = spec;
    this.#encoder = encoder;
  }

  async write(given: Frame): Promise<void> {
    const frame = requireMedia(given, given.port === "audio" ? "audio" : "video", this.#spec.node);
    const format = this.#formatOf(frame.port);
    const isOther = format !== undefined && !isSameFormat(format, frame.payload);
    if (isOther || (format === undefined && this.#feed !== undefined)) await this.#change(frame, format);
    if (this.#isAborted) throw new RemoteMediaError("output-closed", "The output was given up.");
    if (this.#feed !== undefined) return this.#feed.write(frame);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.data.length;
    if (this.#isReady(frame)) await this.#begin();
  }

  async close(): Promise<void> {
    if (this.#feed === undefined && this.#waiting.length > 0) await this.#begin();
    const feed = this.#feed;
    this.#feed = undefined;
    await feed?.close();
  }

  async abort(): Promise<void> {
    this.#isAborted = true;
    this.#waiting = [];
    await this.#feed?.abort();
  }

  #formatOf(port: string): NutPayload | undefined {
    return this.#feed?.formatOf(port) ?? this.#waiting.find((frame) => frame.port === port)?.payload;
  }

  #isReady({ pts }: MediaFrame): boolean {
    const isComplete = this.#spec.ports.every((port) => this.#formatOf(port) !== undefined);
    return isComplete || pts - this.#waiting[0]!.pts >= patienceUs || this.#waitingBytes >= patienceBytes;
  }

  async #begin(): Promise<void> {
    const frames = this.#waiting;
    const formats = new Map<string, NutPayload>();
    for (const { port, payload } of frames) if (!formats.has(port)) formats.set(port, payload);
    const beginUs = frames.reduce((least, { pts }) => Math.min(least, pts), Number.POSITIVE_INFINITY);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#feed = new EncoderFeed(this.#encoder.open(this.#spec.output), formats, beginUs);
    for (const frame of frames) await this.#feed.write(frame);
  }

  /** Ends the file before a frame that it can't hold, if another file may follow. */
  async #change(frame: MediaFrame, before: NutPayload | undefined): Promise<void> {
    const now = describeFormat(frame.payload);
    if (this.#spec.isSegmented) return this.close();
    const problem =
      before === undefined
        ? `${frame.port} (${now}) began more than ${patienceUs / 1e6} s after the file`
        : `${frame.port} changed from ${describeFormat(before)} to ${now}`;
    throw new RemoteMediaError("output-failed", `The file can't go on: ${problem}.`, {
      where: { node: this.#spec.node, port: frame.port },
      hint: "Give segment_seconds: then a new file begins.",
    });
  }
}
