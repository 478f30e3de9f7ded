// What the WAV reader and writer share: encodings, tags, sizes. Web-standard.
// @see EBU Tech 3306 (RF64), Microsoft "Multiple Channel Audio Data and WAVE Files"
import type { SampleFormat } from "../node/frame.ts";

/** How samples lie in the file. */
export type WavEncoding = "u8" | "s16le" | "s24le" | "s32le" | "f32le" | "f64le";

/** Bytes of one sample of one channel in the file. */
export const encodingBytes: Record<WavEncoding, number> = {
  u8: 1,
  s16le: 2,
  s24le: 3,
  s32le: 4,
  f32le: 4,
  f64le: 8,
};

/** What each encoding is delivered as: 8 and 24 bit are moved up without loss, 64-bit floats are rounded. */
export const deliveredFormat: Record<WavEncoding, SampleFormat> = {
  u8: "s16le",
  s16le: "s16le",
  s24le: "s32le",
  s32le: "s32le",
  f32le: "f32le",
  f64le: "f32le",
};

export const formatTag = { pcm: 1, float: 3, extensible: 0xfffe } as const;

/** The 14 bytes after the format tag in a KSDATAFORMAT_SUBTYPE GUID. */
export const subformatTail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/** The 32-bit size that says "look in ds64", or "unknown" in a stream. */
export const unknownSize = 0xffff_ffff;

/** Whether a 32-bit chunk size is one that a writer to a pipe leaves: all ones, or just about 2 GiB. */
export function isStreamingSize(size: number): boolean {
  return size >= 0xffff_ff00 || (size >= 0x7fff_e000 && size <= 0x8000_0100);
}

/** Presentation time of a sample, in microseconds from the first one; counted, so it doesn't drift. */
export function sampleTimeUs(sample: number, rate: number): number {
  const seconds = Math.floor(sample / rate);
  return seconds * 1_000_000 + Math.round(((sample - seconds * rate) * 1_000_000) / rate);
}
