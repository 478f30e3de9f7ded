// The enumerations of node.wit; their order is their number on the wire.

export enum Kind { Bytes, Text, Json, Audio, Video, Tensor, Encoded }

/** Sample layouts; the channels are interleaved. */
export enum SampleFormat { S16, S32, F32 }

/** Pixel layouts; rows are tightly packed, planes follow each other. */
export enum PixelFormat { Gray8, Rgb24, Rgba32, I420, Nv12 }

export enum Element { Uint8, Int8, Uint16, Int16, Int32, Int64, Float32, Float64 }

/** Bytes of one sample of one channel. */
export function sampleBytes(format: SampleFormat): i32 {
  return format == SampleFormat.S16 ? 2 : 4;
}

/** Bytes of one element. */
export function elementBytes(element: Element): i32 {
  switch (element) {
    case Element.Uint8:
    case Element.Int8: return 1;
    case Element.Uint16:
    case Element.Int16: return 2;
    case Element.Int64:
    case Element.Float64: return 8;
    default: return 4;
  }
}

/** Bytes of one picture; chroma planes of odd sizes round up. */
export function pictureBytes(width: i32, height: i32, format: PixelFormat): i64 {
  const pixels = <i64>width * <i64>height;
  switch (format) {
    case PixelFormat.Gray8: return pixels;
    case PixelFormat.Rgb24: return pixels * 3;
    case PixelFormat.Rgba32: return pixels * 4;
    default: return pixels + 2 * (<i64>((width + 1) >> 1) * <i64>((height + 1) >> 1));
  }
}
