// What a stream of a NUT holds, and the tags that say it. Web-standard.
// @see FFmpeg's libavformat/nut.c and libavcodec/raw.c, where the tags come from
import type { Payload, PixelFormat, SampleFormat } from "../../node/frame.ts";

/** Raw pictures or samples: what we take from FFmpeg and give to it. */
export type NutPayload = Extract<Payload, { readonly kind: "video" | "audio" }>;

/** One stream of a NUT. */
export interface NutStream {
  /** Its number, from 0 in the order of the headers. */
  readonly index: number;
  readonly payload: NutPayload;
}

export const maxStreams = 8;

export const videoTags: Record<PixelFormat, string> = {
  i420: "I420",
  nv12: "NV12",
  gray8: "Y800",
  rgb24: "RGB\x18",
  rgba32: "RGBA",
};

export const audioTags: Record<SampleFormat, string> = {
  s16le: "PSD\x10",
  s32le: "PSD\x20",
  f32le: "PFD\x20",
};

/** The format that a tag stands for. */
export function formatOfTag<Format extends string>(
  tags: Readonly<Record<Format, string>>,
  tag: string,
): Format | undefined {
  return (Object.keys(tags) as Format[]).find((format) => tags[format] === tag);
}
