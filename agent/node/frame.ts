// The frame: what travels between nodes, in the executor, in a guest and on the wire.

export const sampleFormats = ["s16le", "s32le", "f32le"] as const;
export const pixelFormats = ["gray8", "rgb24", "rgba32", "i420", "nv12"] as const;
export const elementTypes = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "float32",
  "float64",
] as const;
export const payloadKinds = ["bytes", "text", "json", "audio", "video", "tensor", "encoded"] as const;

/** Sample layouts, as FFmpeg names them; channels are interleaved. */
export type SampleFormat = (typeof sampleFormats)[number];
/** Pixel layouts; rows are tightly packed, planes follow each other. */
export type PixelFormat = (typeof pixelFormats)[number];
export type ElementType = (typeof elementTypes)[number];
export type PayloadKind = (typeof payloadKinds)[number];

/** How a frame's bytes are to be read. The order of kinds and enums is the WIT's, and is their number on every wire. */
export type Payload =
  | { readonly kind: "bytes" | "text" | "json" }
  /** `rate` in Hz per channel. */
  | {
      readonly kind: "audio";
      readonly rate: number;
      readonly channels: number;
      readonly format: SampleFormat;
    }
  /** `width` and `height` in pixels. */
  | { readonly kind: "video"; readonly width: number; readonly height: number; readonly format: PixelFormat }
  /** Row-major extents; an empty shape is a scalar. */
  | { readonly kind: "tensor"; readonly element: ElementType; readonly shape: readonly number[] }
  /** `codec` as FFmpeg spells it, for example "h264" or "opus". */
  | { readonly kind: "encoded"; readonly codec: string };

/** One frame. Frames are immutable once handed on: fan-out shares `data`, nobody writes to it.
 * @see nodes/wit/node.wit, interface `types` */
export interface Frame {
  /** The port that the frame enters or leaves by. */
  readonly port: string;
  /** Presentation time in microseconds on the pipeline's clock; a safe integer. */
  readonly pts: number;
  readonly payload: Payload;
  readonly data: Uint8Array;
}

/** Bytes of one sample of one channel. */
export const sampleBytes: Record<SampleFormat, number> = { s16le: 2, s32le: 4, f32le: 4 };
