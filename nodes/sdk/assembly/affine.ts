// Numbers of any payload, times a factor plus an addend: JSON numbers, float tensors, audio samples.
import { Frame } from "./frame";
import { JsonReader } from "./json-reader";
import { JsonWriter } from "./json-writer";
import { Element, Kind } from "./kinds";
import { Node } from "./node";
import { Output } from "./output";
import { fromFloats } from "./samples";

/** y = x · factor + addend, elementwise. Audio samples count in full scale (-1 to 1) and clip in integer formats. */
export abstract class AffineNode extends Node {
  protected factor: f64 = 1;
  protected addend: f64 = 0;

  process(frame: Frame, out: Output): void {
    if (frame.kind == Kind.Json) return this.json(frame, out);
    if (frame.kind == Kind.Audio) return this.audio(frame, out);
    if (frame.kind == Kind.Tensor && frame.element == Element.Float32) {
      this.floats(frame.data, frame.length >> 2);
      return out.forward(frame);
    }
    if (frame.kind == Kind.Tensor && frame.element == Element.Float64) {
      this.doubles(frame.data, frame.length >> 3);
      return out.forward(frame);
    }
    out.reject("takes JSON numbers, audio, and tensors of float32 or float64");
  }

  private audio(frame: Frame, out: Output): void {
    const samples = frame.samples();
    this.floats(samples.pointer, samples.length);
    fromFloats(samples.pointer, frame.data, frame.sampleFormat, samples.length);
    out.forward(frame);
  }

  private json(frame: Frame, out: Output): void {
    const reader = new JsonReader(frame.data, frame.length);
    const writer = out.json("out", frame.pts);
    this.value(reader, writer);
    if (reader.peek() != 0) reader.fail();
    if (reader.broken) out.reject("takes a JSON number or arrays of numbers");
  }

  /** Copies nested arrays, changing each number; iterative, because the input decides the depth. */
  private value(reader: JsonReader, writer: JsonWriter): void {
    let depth = 0;
    do {
      if (reader.take(0x5b)) {
        depth++;
        writer.byte(0x5b);
        if (reader.peek() != 0x5d) continue;
      } else {
        const value = reader.number();
        if (reader.broken) return;
        writer.exact(value * this.factor + this.addend);
      }
      while (depth > 0 && reader.take(0x5d)) {
        depth--;
        writer.byte(0x5d);
      }
      if (depth > 0) {
        if (!reader.take(0x2c)) {
          reader.fail();
          return;
        }
        writer.byte(0x2c);
      }
    } while (depth > 0 && !reader.broken);
  }

  private floats(pointer: usize, count: i32): void {
    let i = 0;
    if (ASC_FEATURE_SIMD) {
      const factor = f32x4.splat(<f32>this.factor);
      const addend = f32x4.splat(<f32>this.addend);
      for (; i + 4 <= count; i += 4) {
        const at = pointer + (<usize>i << 2);
        v128.store(at, f32x4.add(f32x4.mul(v128.load(at), factor), addend));
      }
    }
    for (; i < count; i++) {
      const at = pointer + (<usize>i << 2);
      store<f32>(at, load<f32>(at) * <f32>this.factor + <f32>this.addend);
    }
  }

  private doubles(pointer: usize, count: i32): void {
    for (let i = 0; i < count; i++) {
      const at = pointer + (<usize>i << 3);
      store<f64>(at, load<f64>(at) * this.factor + this.addend);
    }
  }
}
