// EncoderFeed: frames of known formats into one run of an encoder, as NUT.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { EncoderRun } from "../../../platform/contract/media-capture.ts";
import type { Frame } from "../../node/frame.ts";
import { payloadProblem } from "../../node/payload-check.ts";
import type { NutPayload } from "../nut/nut-stream.ts";
import { NutWriter } from "../nut/nut-writer.ts";

/** A frame of raw media: what encoders take. */
export type MediaFrame = Frame & { readonly payload: NutPayload };

/** Whether frames of one format can follow those of the other in a stream. */
export function isSameFormat(one: NutPayload, other: NutPayload): boolean {
  if (one.kind !== other.kind || one.format !== other.format) return false;
  if (one.kind === "video")
    return other.kind === "video" && one.width === other.width && one.height === other.height;
  return other.kind === "audio" && one.rate === other.rate && one.channels === other.channels;
}

/** A format for people: `640x480 i420`, `48000 Hz s16le on 2 channels`. */
export function describeFormat(payload: NutPayload): string {
  if (payload.kind === "video") return `${payload.width}x${payload.height} ${payload.format}`;
  return `${payload.rate} Hz ${payload.format} on ${payload.channels} channel${payload.channels === 1 ? "" : "s"}`;
}

/** Writes frames without copying them. Times count from `beginUs`: containers begin at 0. Throws as `EncoderRun`. */
export class EncoderFeed {
  readonly #run: EncoderRun;
  readonly #writer: NutWriter;
  readonly #streams: ReadonlyMap<string, { readonly index: number; readonly payload: NutPayload }>;
  readonly #beginUs: number;
  #isBegun = false;

  /** `formats` by the frames' port; a frame of another port or format is the caller's to keep away. */
  constructor(run: EncoderRun, formats: ReadonlyMap<string, NutPayload>, beginUs: number) {
    this.#run = run;
    this.#writer = new NutWriter([...formats.values()]);
    const streams = [...formats].map(([port, payload], index) => [port, { index, payload }] as const);
    this.#streams = new Map(streams);
    this.#beginUs = beginUs;
  }

  /** The format of a port's stream; undefined where it has none. */
  formatOf(port: string): NutPayload | undefined {
    return this.#streams.get(port)?.payload;
  }

  async write(frame: Frame): Promise<void> {
    const { index } = this.#streams.get(frame.port)!;
    // Frames come in order; one from before the first can only be of the other stream, and by little.
    const ptsUs = Math.max(0, frame.pts - this.#beginUs);
    const [head, data] = this.#writer.packet(index, ptsUs, frame.data);
    if (!this.#isBegun) {
      this.#isBegun = true;
      await this.#run.write(this.#writer.header());
    }
    await this.#run.write(head);
    await this.#run.write(data);
  }

  close(): Promise<void> {
    return this.#run.close();
  }

  abort(): Promise<void> {
    return this.#run.abort();
  }
}

/** Gives a frame as media of this kind. Throws `node-bad-input` for what is none, or isn't what it says. */
export function requireMedia(frame: Frame, kind: NutPayload["kind"], node: string): MediaFrame {
  const isKind = frame.payload.kind === kind;
  const problem = isKind ? payloadProblem(frame.payload, frame.data) : `a frame of ${frame.payload.kind}`;
  if (problem === undefined) return frame as MediaFrame;
  throw new RemoteMediaError("node-bad-input", `What came is no ${kind} that can be encoded: ${problem}.`, {
    where: { node, port: frame.port },
  });
}
