// A WAV file's header, up to the first byte of its samples. Web-standard.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ByteCursor } from "./byte-cursor.ts";
import {
  encodingBytes,
  formatTag,
  isStreamingSize,
  subformatTail,
  unknownSize,
  type WavEncoding,
} from "./wav-format.ts";

const maxRate = 1_536_000;
const maxChannels = 64;
const maxFormatBytes = 4096;
const hint =
  "Give a WAV with 1 to 64 channels of PCM or float samples, or convert it: ffmpeg -i FILE out.wav";

export interface WavHeader {
  /** Samples per second and channel, 1 to 1,536,000. */
  readonly rate: number;
  /** 1 to 64. */
  readonly channels: number;
  readonly encoding: WavEncoding;
  /** Bytes of one sample of all channels. */
  readonly blockBytes: number;
  /** Bytes of the data chunk as declared; undefined where the samples go on to the end of the input. */
  readonly dataBytes: number | undefined;
}

/** A RIFF/WAVE that isn't plain samples: FFmpeg may know it. */
export interface ForeignWav {
  readonly foreign: string;
}

/** Reads a header and leaves the cursor at the first sample. Throws `input-invalid` for what is no WAV or can't be
 * true, and `input-broken` where the input ends within the header. */
export async function readWavHeader(cursor: ByteCursor, file?: string): Promise<WavHeader | ForeignWav> {
  const riff = await cursor.take(12);
  if (riff.length === 0) throw invalid("The WAV is empty: 0 bytes.", file);
  const magic = latin1(riff, 0);
  if (magic === "RIFX" && riff.length === 12) return { foreign: "big-endian RIFX" };
  if (!["RIFF", "RF64", "BW64"].includes(magic) || (riff.length >= 12 && latin1(riff, 8) !== "WAVE")) {
    throw invalid("This is not a WAV: it doesn't begin with RIFF and WAVE.", file);
  }
  if (riff.length < 12) throw cut(cursor, file);
  let riffBytes = view(riff).getUint32(4, true);
  let longDataBytes: number | undefined;
  let format: WavFormat | ForeignWav | undefined;
  for (;;) {
    const { id, size } = await readChunkHeader(cursor, file);
    if (id === "data") {
      if (format === undefined) throw invalid("The WAV's samples come before its fmt chunk.", file);
      if ("foreign" in format) return format;
      const long = size === unknownSize && longDataBytes !== undefined;
      return {
        ...format,
        dataBytes: long ? longDataBytes : declaredLength(size, riffBytes, cursor.position),
      };
    }
    if (id === "fmt ") format = parseFormat(await takeWhole(cursor, size, file), file);
    else if (id === "ds64") {
      const sizes = parseLongSizes(await takeWhole(cursor, size, file), file);
      longDataBytes = sizes.dataBytes;
      riffBytes = sizes.riffBytes;
    } else if ((await cursor.skip(size)) < size) throw cut(cursor, file);
    if (size % 2 === 1) await cursor.skip(1);
  }
}

type WavFormat = Omit<WavHeader, "dataBytes">;

async function readChunkHeader(cursor: ByteCursor, file?: string) {
  const bytes = await cursor.take(8);
  if (bytes.length < 8) throw cut(cursor, file);
  return { id: latin1(bytes, 0), size: view(bytes).getUint32(4, true) };
}

async function takeWhole(cursor: ByteCursor, size: number, file?: string): Promise<Uint8Array> {
  if (size > maxFormatBytes)
    throw invalid(`The WAV's header has a chunk of ${size} bytes that should be small.`, file);
  const bytes = await cursor.take(size);
  if (bytes.length < size) throw cut(cursor, file);
  return bytes;
}

/** A size of 0 that the enclosing RIFF doesn't look past was never filled in: the recorder was killed, or wrote to a pipe. */
function declaredLength(size: number, riffBytes: number, position: number): number | undefined {
  if (isStreamingSize(size)) return undefined;
  if (size > 0) return size;
  return riffBytes + 8 <= position || isStreamingSize(riffBytes) ? undefined : 0;
}

function parseLongSizes(bytes: Uint8Array, file?: string) {
  if (bytes.length < 16) throw invalid("The WAV's ds64 chunk is too short.", file);
  const sizes = view(bytes);
  const dataBytes = Number(sizes.getBigUint64(8, true));
  // Nothing, or more than can be, was never filled in.
  const filled = dataBytes > 0 && dataBytes <= Number.MAX_SAFE_INTEGER;
  return { riffBytes: Number(sizes.getBigUint64(0, true)), dataBytes: filled ? dataBytes : undefined };
}

function parseFormat(bytes: Uint8Array, file?: string): WavFormat | ForeignWav {
  if (bytes.length < 16)
    throw invalid(`The WAV's fmt chunk has ${bytes.length} bytes; 16 are the least.`, file);
  const fields = view(bytes);
  const tag = effectiveTag(bytes);
  const channels = fields.getUint16(2, true);
  const rate = fields.getUint32(4, true);
  const blockBytes = fields.getUint16(12, true);
  const bits = fields.getUint16(14, true);
  if (tag !== formatTag.pcm && tag !== formatTag.float) {
    return { foreign: `codec 0x${(tag ?? formatTag.extensible).toString(16).padStart(4, "0")}` };
  }
  if (channels < 1 || channels > maxChannels)
    throw invalid(`The WAV says it has ${channels} channels.`, file);
  if (rate < 1 || rate > maxRate) throw invalid(`The WAV says it has ${rate} samples a second.`, file);
  const encoding = encodingOf(tag, bits);
  if (encoding === undefined) {
    const kind = tag === formatTag.float ? "float" : "PCM";
    throw invalid(`The WAV says it has ${bits}-bit ${kind} samples.`, file);
  }
  if (blockBytes !== channels * encodingBytes[encoding]) {
    throw invalid(
      `The WAV says that ${channels} channels of ${bits} bits take ${blockBytes} bytes; it is ${channels * encodingBytes[encoding]}.`,
      file,
    );
  }
  return { rate, channels, encoding, blockBytes };
}

/** The tag itself, or the one in an extensible format's GUID; undefined for a GUID that stands for no tag. */
function effectiveTag(bytes: Uint8Array): number | undefined {
  const tag = view(bytes).getUint16(0, true);
  if (tag !== formatTag.extensible) return tag;
  if (bytes.length < 40) return undefined;
  const standsForTag = subformatTail.every((byte, index) => bytes[26 + index] === byte);
  return standsForTag ? view(bytes).getUint16(24, true) : undefined;
}

/** Samples of odd sizes lie in whole bytes, moved up: 12 bits are read as 16, 20 as 24. */
function encodingOf(tag: number, bits: number): WavEncoding | undefined {
  if (tag === formatTag.float) return bits === 32 ? "f32le" : bits === 64 ? "f64le" : undefined;
  if (bits < 1 || bits > 32) return undefined;
  return (["u8", "s16le", "s24le", "s32le"] as const)[Math.ceil(bits / 8) - 1];
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function latin1(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function invalid(message: string, file: string | undefined): RemoteMediaError {
  return new RemoteMediaError("input-invalid", message, {
    ...(file === undefined ? {} : { where: { file } }),
    hint,
  });
}

function cut(cursor: ByteCursor, file: string | undefined): RemoteMediaError {
  return new RemoteMediaError(
    "input-broken",
    `The WAV ends within its header, after ${cursor.position} bytes.`,
    {
      ...(file === undefined ? {} : { where: { file } }),
      hint: "The file was cut short: copy or record it again.",
    },
  );
}
