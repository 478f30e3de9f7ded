// The frame that a node is given.
import { Floats } from "./floats";
import { Element, elementBytes, Kind, pictureBytes, PixelFormat, sampleBytes, SampleFormat } from "./kinds";
import { toFloats } from "./samples";
import { decode, same } from "./text";

/** One input frame. It is only valid during the call: copy what must stay. The SDK reuses the object. */
export class Frame {
  /** Presentation time in microseconds on the pipeline's clock. */
  pts: i64 = 0;
  kind: Kind = Kind.Bytes;
  /** Where the data is in memory; 16-byte aligned, and the node may overwrite it. */
  data: usize = 0;
  /** Bytes of data. */
  length: i32 = 0;
  /** The payload's three joined fields, as the canonical ABI flattens them. */
  a: i32 = 0;
  b: i32 = 0;
  c: i32 = 0;
  portPointer: usize = 0;
  portLength: i32 = 0;
  private floats: Floats = new Floats();
  private direct: Floats = new Floats();

  /** The port that the frame came in by. */
  get port(): string {
    return decode(this.portPointer, this.portLength);
  }

  /** Whether it came in by `port`; cheaper than comparing `port`. */
  isFrom(port: string): bool {
    return same(this.portPointer, this.portLength, port);
  }

  /** Samples per second and channel, in Hz (audio). */
  get rate(): i32 { return this.a; }
  get channels(): i32 { return this.b; }
  get sampleFormat(): SampleFormat { return <SampleFormat>this.c; }

  /** Whole samples per channel (audio). */
  get sampleCount(): i32 {
    const step = this.b * sampleBytes(<SampleFormat>this.c);
    return step > 0 ? this.length / step : 0;
  }

  /** In pixels (video). */
  get width(): i32 { return this.a; }
  get height(): i32 { return this.b; }
  get pixelFormat(): PixelFormat { return <PixelFormat>this.c; }

  get element(): Element { return <Element>this.a; }
  /** Dimensions of a tensor; 0 for a scalar. */
  get rank(): i32 { return this.c; }
  /** The extent of one dimension of a tensor. */
  extent(dimension: i32): u32 {
    return load<u32>(<usize>this.b + (<usize>dimension << 2));
  }

  /** The codec's name as FFmpeg spells it (encoded). */
  get codec(): string {
    return decode(this.a, this.b);
  }

  /** The data as a string (text, json). */
  get text(): string {
    return decode(this.data, this.length);
  }

  /** All samples, interleaved, as floats in [-1, 1]. Valid during the call. Float audio isn't copied. */
  samples(): Floats {
    const count = this.sampleCount * this.b;
    if (this.c == SampleFormat.F32) return this.direct.view(this.data, count);
    this.floats.resize(count);
    toFloats(this.data, <SampleFormat>this.c, this.floats.pointer, count);
    return this.floats;
  }

  /** Why the data doesn't fit the payload's description, or null. The host promises nothing about it. */
  problem(): string | null {
    if (this.kind == Kind.Audio) {
      if (this.a <= 0 || this.b <= 0) return "audio without a rate or without channels";
      if (this.length % (this.b * sampleBytes(<SampleFormat>this.c)) != 0) return "audio data ends inside a sample";
    } else if (this.kind == Kind.Video) {
      if (this.a <= 0 || this.b <= 0) return "video without a width or height";
      if (pictureBytes(this.a, this.b, <PixelFormat>this.c) != this.length) return "video data doesn't match its size";
    } else if (this.kind == Kind.Tensor) {
      let bytes: f64 = elementBytes(<Element>this.a);
      for (let i = 0; i < this.c; i++) bytes *= <f64>this.extent(i);
      if (bytes != <f64>this.length) return "tensor data doesn't match its shape";
    }
    return null;
  }
}
