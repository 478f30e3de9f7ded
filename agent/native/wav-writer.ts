// The header of a WAV for samples as frames have them. Web-standard.
// @see EBU Tech 3306: room for a ds64 chunk is kept, so that a file that outgrows 4 GiB becomes RF64 in place
import type { SampleFormat } from "../node/frame.ts";
import { sampleBytes } from "../node/frame.ts";
import { formatTag, subformatTail, unknownSize } from "./wav-format.ts";

/** What all samples of one WAV have in common. */
export interface WavSampleLayout {
  readonly rate: number;
  readonly channels: number;
  readonly format: SampleFormat;
}

const longSizesBytes = 28;

/** Speaker positions by number of channels, as Windows and FFmpeg assume them; other numbers have none. */
const channelMasks: Readonly<Record<number, number>> = {
  1: 0x4,
  2: 0x3,
  3: 0x7,
  4: 0x33,
  5: 0x37,
  6: 0x3f,
  7: 0x13f,
  8: 0x63f,
};

/** The bytes before the samples.
 *
 * `dataBytes` is how many bytes of samples follow, or "streaming" for an output whose header can't be written again:
 * readers then take everything up to the end. Headers with a number are all of one length for a layout, so the last one replaces
 * the first; beyond 4 GiB it is an RF64. Samples of more than two channels get the extensible format. */
export function wavHeader(layout: WavSampleLayout, dataBytes: number | "streaming"): Uint8Array {
  const format = formatChunk(layout);
  const blockBytes = layout.channels * sampleBytes[layout.format];
  const streaming = dataBytes === "streaming";
  const factBytes = layout.format === "f32le" ? 12 : 0;
  const length = 12 + (streaming ? 0 : 8 + longSizesBytes) + format.length + factBytes + 8;
  const riffBytes = streaming ? unknownSize : length - 8 + dataBytes;
  const long = !streaming && riffBytes >= unknownSize;
  const out = new HeaderBytes(length);
  out
    .id(long ? "RF64" : "RIFF")
    .u32(long ? unknownSize : riffBytes)
    .id("WAVE");
  if (!streaming) {
    out.id(long ? "ds64" : "JUNK").u32(longSizesBytes);
    if (long)
      out
        .u64(riffBytes)
        .u64(dataBytes)
        .u64(dataBytes / blockBytes)
        .u32(0);
    else out.skip(longSizesBytes);
  }
  out.bytes(format);
  if (factBytes > 0) {
    const samples = streaming ? unknownSize : Math.min(unknownSize, dataBytes / blockBytes);
    out.id("fact").u32(4).u32(samples);
  }
  out.id("data").u32(streaming || long ? unknownSize : dataBytes);
  return out.done();
}

function formatChunk({ rate, channels, format }: WavSampleLayout): Uint8Array {
  const bytes = sampleBytes[format];
  const tag = format === "f32le" ? formatTag.float : formatTag.pcm;
  const extensible = channels > 2;
  const size = extensible ? 40 : tag === formatTag.pcm ? 16 : 18;
  const out = new HeaderBytes(8 + size);
  out.id("fmt ").u32(size);
  out
    .u16(extensible ? formatTag.extensible : tag)
    .u16(channels)
    .u32(rate);
  // The byte rate has 32 bits whatever the truth is; nobody relies on it.
  out
    .u32((rate * channels * bytes) >>> 0)
    .u16(channels * bytes)
    .u16(bytes * 8);
  if (extensible)
    out
      .u16(22)
      .u16(bytes * 8)
      .u32(channelMasks[channels] ?? 0)
      .u16(tag)
      .bytes(subformatTail);
  else if (size === 18) out.u16(0);
  return out.done();
}

/** Little-endian fields one after another. */
class HeaderBytes {
  readonly #out: DataView;
  #at = 0;

  constructor(length: number) {
    this.#out = new DataView(new ArrayBuffer(length));
  }

  id(text: string): this {
    for (let index = 0; index < 4; index++) this.#out.setUint8(this.#at++, text.charCodeAt(index));
    return this;
  }

  u16(value: number): this {
    this.#out.setUint16(this.#at, value, true);
    return this.skip(2);
  }

  u32(value: number): this {
    this.#out.setUint32(this.#at, value, true);
    return this.skip(4);
  }

  u64(value: number): this {
    this.#out.setBigUint64(this.#at, BigInt(Math.floor(value)), true);
    return this.skip(8);
  }

  bytes(values: ArrayLike<number>): this {
    new Uint8Array(this.#out.buffer).set(values, this.#at);
    return this.skip(values.length);
  }

  skip(count: number): this {
    this.#at += count;
    return this;
  }

  done(): Uint8Array {
    return new Uint8Array(this.#out.buffer);
  }
}
