// The main header and the stream headers of a NUT. Web-standard.
// @see https://ffmpeg.org/nut.html, "main_header" and "stream_header"
import { pictureBytes } from "../../node/payload-check.ts";
import { FieldReader, invalidNut } from "./field-reader.ts";
import { frameFlags, startByte } from "./nut-codes.ts";
import { audioTags, formatOfTag, maxStreams, type NutPayload, videoTags } from "./nut-stream.ts";

/** Seconds a tick, as a fraction. */
export interface TimeBase {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** What a frame's first byte stands for. */
export interface FrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly stream: number;
  readonly sizeMul: number;
  readonly sizeLsb: number;
  readonly reserved: number;
  readonly header: number;
}

export interface MainHeader {
  readonly streams: number;
  readonly timeBases: readonly TimeBase[];
  /** 256 of them. */
  readonly codes: readonly FrameCode[];
  /** Beginnings that frames leave out; the first is empty. */
  readonly elided: readonly Uint8Array[];
}

export interface StreamHeader {
  readonly index: number;
  readonly payload: NutPayload;
  readonly timeBase: number;
  readonly msbPtsShift: number;
}

/** Bytes of a picture at most. */
const maxPictureBytes = 256 * 1024 * 1024;
const maxSide = 16_384;
const maxTimeBases = 64;
const maxField = 2 ** 31 - 1;
const invalidCode: FrameCode = {
  flags: frameFlags.invalid,
  ptsDelta: 0,
  stream: 0,
  sizeMul: 1,
  sizeLsb: 0,
  reserved: 0,
  header: 0,
};

/** Throws `input-invalid` for other versions than 3, which FFmpeg writes, and 4, which we do, and for what is out of bounds. */
export function parseMainHeader(bytes: Uint8Array): MainHeader {
  const fields = new FieldReader(bytes);
  const version = fields.big();
  if (version !== 3n && version !== 4n) throw invalidNut(`it is NUT of version ${version}`);
  if (version === 4n) fields.big(); // minor_version
  const streams = fields.count("the number of streams", 1, maxStreams);
  fields.big(); // max_distance: how far one must look to find the next point to begin at; we read from the start.
  const bases = fields.count("the number of time bases", 1, maxTimeBases);
  const timeBases = Array.from({ length: bases }, () => ({
    numerator: BigInt(fields.count("a time base", 1, maxField)),
    denominator: BigInt(fields.count("a time base", 1, maxField)),
  }));
  const codes = parseFrameCodes(fields, streams);
  return { streams, timeBases, codes, elided: parseElided(fields) };
}

function parseFrameCodes(fields: FieldReader, streams: number): FrameCode[] {
  const codes: FrameCode[] = [];
  let { ptsDelta, sizeMul, stream, header } = invalidCode;
  while (codes.length < 256) {
    const flags = fields.count("a frame's flags", 0, 0xffff);
    const given = fields.count("the number of a frame's fields", 0, 64);
    if (given > 0) ptsDelta = fields.signed("a time's step", maxField);
    if (given > 1) sizeMul = fields.count("a size's factor", 0, maxField);
    if (given > 2) stream = fields.count("a stream's number", 0, streams - 1);
    const sizeLsb = given > 3 ? fields.count("a size's rest", 0, maxField) : 0;
    const reserved = given > 4 ? fields.count("the number of reserved fields", 0, 256) : 0;
    const count = given > 5 ? fields.count("a frame code's count", 1, 256) : sizeMul - sizeLsb;
    if (given > 6) fields.big(); // match: for those who seek.
    if (given > 7) header = fields.count("the number of a beginning", 0, 127);
    for (let extra = 8; extra < given; extra++) fields.big();
    const room = 256 - codes.length - (codes.length <= startByte ? 1 : 0);
    if (count < 1 || count > room) throw invalidNut(`${count} frame codes where ${room} are left`);
    for (let step = 0; step < count; step++) {
      if (codes.length === startByte) codes.push(invalidCode);
      codes.push({ flags, ptsDelta, stream, sizeMul, sizeLsb: sizeLsb + step, reserved, header });
    }
    // A run that ends just before the start codes' byte leaves it to itself.
    if (codes.length === startByte) codes.push(invalidCode);
  }
  return codes;
}

function parseElided(fields: FieldReader): Uint8Array[] {
  const elided = [new Uint8Array(0)];
  if (fields.left === 0) return elided;
  const count = fields.count("the number of beginnings", 0, 127);
  let room = 1024;
  for (let index = 0; index < count; index++) {
    const bytes = fields.bytes(fields.count("a beginning's length", 1, Math.min(255, room)));
    room -= bytes.length;
    elided.push(bytes.slice());
  }
  return elided;
}

/** Throws `input-invalid` where the stream isn't raw pictures or samples as we take them. */
export function parseStreamHeader(bytes: Uint8Array, main: MainHeader): StreamHeader {
  const fields = new FieldReader(bytes);
  const index = fields.count("a stream's number", 0, main.streams - 1);
  const kind = fields.count("a stream's class", 0, 3);
  const tag = String.fromCharCode(...fields.bytes(fields.count("a codec's tag", 0, 16)));
  const timeBase = fields.count("a stream's time base", 0, main.timeBases.length - 1);
  const msbPtsShift = fields.count("a stream's time bits", 0, 15);
  fields.big(); // max_pts_distance
  fields.count("a stream's delay", 0, 1000);
  fields.big(); // stream_flags
  fields.bytes(fields.count("a codec's data", 0, fields.left));
  const payload = kind === 0 ? parseVideo(fields, tag) : kind === 1 ? parseAudio(fields, tag) : undefined;
  if (payload === undefined) {
    const name = tag.replace(/[^ -~]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`);
    throw invalidNut(`its stream ${index} is of class ${kind} and codec "${name}"`);
  }
  return { index, payload, timeBase, msbPtsShift };
}

function parseVideo(fields: FieldReader, tag: string): NutPayload | undefined {
  const format = formatOfTag(videoTags, tag);
  if (format === undefined) return undefined;
  const width = fields.count("a picture's width", 1, maxSide);
  const height = fields.count("a picture's height", 1, maxSide);
  if (pictureBytes(width, height, format) > maxPictureBytes) {
    throw invalidNut(`its pictures are of ${width}x${height}`);
  }
  return { kind: "video", width, height, format };
}

function parseAudio(fields: FieldReader, tag: string): NutPayload | undefined {
  const format = formatOfTag(audioTags, tag);
  if (format === undefined) return undefined;
  const numerator = fields.count("a sample rate", 1, maxField);
  const denominator = fields.count("a sample rate's denominator", 1, maxField);
  const rate = numerator / denominator;
  if (!Number.isInteger(rate) || rate > 1_536_000) throw invalidNut(`its sample rate is ${rate}`);
  const channels = fields.count("the number of channels", 1, 256);
  return { kind: "audio", rate, channels, format };
}
