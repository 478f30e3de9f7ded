// A WAV byte stream into audio frames of a fixed duration. Web-standard.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { deliveredFormat, sampleTimeUs, type WavEncoding } from "./wav-format.ts";
import { readWavHeader, type WavHeader } from "./wav-header.ts";

/** How long a frame of audio is unless told otherwise, in milliseconds. */
export const defaultFrameMs = 20;

// What an absurd but possible header may make us hold at once.
const maxFrameBytes = 16 * 1024 * 1024;

export interface WavReadOptions {
  /** The port that the frames enter by. */
  readonly port: string;
  /** 1 to 1000; default 20. A frame has the nearest whole number of samples, at least one. */
  readonly frameMs?: number | undefined;
  /** For error messages. */
  readonly file?: string | undefined;
}

/** The frames of a WAV. `pts` counts from 0 by samples. Frames are views of the incoming chunks where the samples need no conversion.
 *
 * Throws `input-invalid` for what is no WAV or not one of plain samples, and `input-broken` where the input ends
 * before it should, after what there was has been given. */
export async function* readWav(
  bytes: AsyncIterable<Uint8Array>,
  options: WavReadOptions,
): AsyncGenerator<Frame> {
  const cursor = new ByteCursor(bytes);
  try {
    const header = await readWavHeader(cursor, options.file);
    if ("foreign" in header) {
      throw new RemoteMediaError("input-invalid", `The WAV holds ${header.foreign}, not plain samples.`, {
        ...(options.file === undefined ? {} : { where: { file: options.file } }),
        hint: "Convert it: ffmpeg -i FILE -c:a pcm_s16le out.wav",
      });
    }
    yield* readFrames(cursor, header, options);
  } finally {
    await cursor.release();
  }
}

async function* readFrames(
  cursor: ByteCursor,
  header: WavHeader,
  options: WavReadOptions,
): AsyncGenerator<Frame> {
  const { rate, channels, encoding, blockBytes, dataBytes } = header;
  const frameMs = options.frameMs ?? defaultFrameMs;
  const samples = Math.min((rate * frameMs) / 1000, maxFrameBytes / blockBytes);
  const frameBytes = Math.max(1, Math.round(samples)) * blockBytes;
  const payload = { kind: "audio", rate, channels, format: deliveredFormat[encoding] } as const;
  let left = dataBytes === undefined ? Number.POSITIVE_INFINITY : dataBytes - (dataBytes % blockBytes);
  const first = cursor.position;
  let sample = 0;
  while (left > 0) {
    const want = Math.min(left, frameBytes);
    const taken = cursor.tryTake(want) ?? (await cursor.take(want));
    const blocks = Math.floor(taken.length / blockBytes);
    if (blocks > 0) {
      const data = convert[encoding](taken.subarray(0, blocks * blockBytes));
      yield { port: options.port, pts: sampleTimeUs(sample, rate), payload, data };
    }
    if (taken.length < want) {
      if (dataBytes === undefined) return;
      throw cutShort(dataBytes, cursor.position - first, options.file);
    }
    sample += blocks;
    left -= want;
  }
}

const same = (bytes: Uint8Array) => bytes;

/** Samples as they lie in the file into samples as frames have them. */
const convert: Record<WavEncoding, (bytes: Uint8Array) => Uint8Array> = {
  s16le: same,
  s32le: same,
  f32le: same,
  u8(bytes) {
    const out = new Uint8Array(bytes.length * 2);
    // Unsigned with its middle at 128 into the high byte of a signed sample.
    for (let index = 0; index < bytes.length; index++) out[index * 2 + 1] = bytes[index]! ^ 0x80;
    return out;
  },
  s24le(bytes) {
    const out = new Uint8Array((bytes.length / 3) * 4);
    for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
      out[to + 1] = bytes[from]!;
      out[to + 2] = bytes[from + 1]!;
      out[to + 3] = bytes[from + 2]!;
    }
    return out;
  },
  f64le(bytes) {
    const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const out = new DataView(new ArrayBuffer(bytes.length / 2));
    for (let at = 0; at < bytes.length; at += 8) out.setFloat32(at / 2, from.getFloat64(at, true), true);
    return new Uint8Array(out.buffer);
  },
};

function cutShort(expected: number, got: number, file: string | undefined): RemoteMediaError {
  return new RemoteMediaError(
    "input-broken",
    `The WAV was cut short: it declares ${expected} bytes of samples and holds ${got}.`,
    {
      ...(file === undefined ? {} : { where: { file } }),
      hint: "What there was has been processed; copy or record the file again for the rest.",
    },
  );
}
