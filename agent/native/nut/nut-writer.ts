// Raw pictures and samples into a NUT byte stream that FFmpeg reads with exact times. Web-standard.
// @see https://ffmpeg.org/nut.html
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { payloadProblem } from "../../node/payload-check.ts";
import { FieldWriter } from "./field-writer.ts";
import { frameFlags, nutMagic, pipeFlag, startCodes } from "./nut-codes.ts";
import { audioTags, maxStreams, type NutPayload, videoTags } from "./nut-stream.ts";

/** The one frame code that we use. 0 and 255 stay invalid, as the specification advises. */
const frameCode = 1;
const codedFlags =
  frameFlags.key | frameFlags.codedPts | frameFlags.streamId | frameFlags.sizeMsb | frameFlags.checksum;

/** Writes a NUT: `header` first and once, then packets. Time bases are microseconds.
 *
 * Version 4, as a pipe: FFmpeg remembers every syncpoint that it reads, and version 3 needs one before nearly every picture, which
 * would let it grow by hundreds of megabytes a day. */
export class NutWriter {
  readonly #streams: readonly NutPayload[];

  /** 1 to 8 streams; they are numbered in this order. */
  constructor(streams: readonly NutPayload[]) {
    if (streams.length < 1 || streams.length > maxStreams) throw unwritable(`${streams.length} streams`);
    this.#streams = streams;
  }

  /** What everything begins with. */
  header(): Uint8Array<ArrayBuffer> {
    const magic = Uint8Array.from(nutMagic, (character) => character.charCodeAt(0));
    const streams = this.#streams.map((payload, index) => streamHeader(payload, index));
    // FFmpeg looks for frames behind a syncpoint only. It is at time 0 and refers back to nothing.
    const syncpoint = new FieldWriter().numbers(0, 0).packet(startCodes.syncpoint);
    const pieces = [magic, mainHeader(this.#streams.length), ...streams, syncpoint];
    const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** The bytes of one packet: its head, and `data` as it is. `ptsUs` isn't negative, `data` is what the stream declared:
   * whole sample frames, or one picture. Throws `internal` otherwise. */
  packet(stream: number, ptsUs: number, data: Uint8Array): [head: Uint8Array<ArrayBuffer>, data: Uint8Array] {
    const payload = this.#streams[stream];
    if (payload === undefined) throw unwritable(`a packet of stream ${stream}`);
    if (!Number.isSafeInteger(ptsUs + 1) || ptsUs < 0) throw unwritable(`a packet with the time ${ptsUs} µs`);
    const problem = payloadProblem(payload, data);
    if (problem !== undefined) throw unwritable(problem);
    // A coded time above what the low bits alone can say is the whole time, shifted by their range: by 1 with no bits.
    const head = new FieldWriter().byte(frameCode).numbers(stream, ptsUs + 1, data.length);
    return [head.checksum().toBytes(), data];
  }
}

function mainHeader(streams: number): Uint8Array {
  const fields = new FieldWriter().numbers(4, 0, streams);
  const maxDistance = 65_536;
  fields.numbers(maxDistance, 1, 1, 1_000_000);
  const codes = (flags: number, count: number) => fields.numbers(flags, 6, 0, 1, 0, 0, 0, count);
  codes(frameFlags.invalid, frameCode);
  codes(codedFlags, 1);
  // The byte that start codes begin with is left out of the count.
  codes(frameFlags.invalid, 256 - frameCode - 1 - 1);
  const elided = 0;
  return fields.numbers(elided, pipeFlag).packet(startCodes.main);
}

function streamHeader(payload: NutPayload, index: number): Uint8Array {
  const isVideo = payload.kind === "video";
  const tag = isVideo ? videoTags[payload.format] : audioTags[payload.format];
  const fields = new FieldWriter().numbers(index, isVideo ? 0 : 1).text(tag);
  const [timeBase, msbPtsShift, maxPtsDistance, delay, flags, codecData] = [0, 0, 1_000_000, 0, 0, 0];
  fields.numbers(timeBase, msbPtsShift, maxPtsDistance, delay, flags, codecData);
  if (isVideo) fields.numbers(payload.width, payload.height, 0, 0, 0);
  else fields.numbers(payload.rate, 1, payload.channels);
  return fields.packet(startCodes.stream);
}

function unwritable(problem: string): RemoteMediaError {
  return new RemoteMediaError("internal", `A stream for the encoder can't be written: ${problem}.`);
}
