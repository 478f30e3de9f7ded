// What a node gives back: frames, or one failure.
import { Frame } from "./frame";
import { JsonWriter } from "./json-writer";
import { Element, elementBytes, Kind, pictureBytes, PixelFormat, sampleBytes, SampleFormat } from "./kinds";
import { allocateData, allocateForCall } from "./memory";
import { encode, encodedLength } from "./text";

/** Bytes of a frame record in a `list<frame>`. */
const recordSize: usize = 40;

/** Collects the frames of one call, in order. The methods that make a frame return where its data has to be written. */
export class Output {
  /** The failure's number in the WIT's variant, -1 while there is none. */
  failureKind: i32 = -1;
  failureText: string = "";
  records: usize = 0;
  count: i32 = 0;
  private capacity: i32 = 0;
  private writer: JsonWriter = new JsonWriter();
  /** The record whose data is the JSON value under construction; -1 when none is. */
  private unfinished: i32 = -1;

  /** The input frame again, its data not copied. */
  forward(frame: Frame, port: string = "out"): void {
    const record = this.add(port, frame.pts, frame.kind, frame.data, frame.length);
    store<i32>(record, frame.a, 20);
    store<i32>(record, frame.b, 24);
    store<i32>(record, frame.c, 28);
    // Enumerations and the channel count are narrower than their flat form.
    if (frame.kind == Kind.Audio) {
      store<u16>(record, <u16>frame.b, 24);
      store<u8>(record, <u8>frame.c, 26);
    }
  }

  bytes(port: string, pts: i64, size: i32): usize {
    return this.data(this.add(port, pts, Kind.Bytes, 0, 0), size);
  }

  text(port: string, pts: i64, text: string): void {
    const pointer = encode(text);
    this.add(port, pts, Kind.Text, pointer, encodedLength);
  }

  /** Starts a JSON object; the SDK closes it when the next frame starts or the call ends. */
  object(port: string, pts: i64): JsonWriter {
    return this.json(port, pts).object();
  }

  /** Starts a JSON value of any kind. */
  json(port: string, pts: i64): JsonWriter {
    this.add(port, pts, Kind.Json, 0, 0);
    this.unfinished = this.count - 1;
    return this.writer.start();
  }

  /** `samples` per channel; the data is theirs times the channels, interleaved. */
  audio(port: string, pts: i64, rate: i32, channels: i32, format: SampleFormat, samples: i32): usize {
    const record = this.add(port, pts, Kind.Audio, 0, 0);
    store<u32>(record, rate, 20);
    store<u16>(record, <u16>channels, 24);
    store<u8>(record, <u8>format, 26);
    return this.data(record, samples * channels * sampleBytes(format));
  }

  video(port: string, pts: i64, width: i32, height: i32, format: PixelFormat): usize {
    const record = this.add(port, pts, Kind.Video, 0, 0);
    store<u32>(record, width, 20);
    store<u32>(record, height, 24);
    store<u8>(record, <u8>format, 28);
    return this.data(record, <i32>pictureBytes(width, height, format));
  }

  tensor(port: string, pts: i64, element: Element, shape: StaticArray<i32>): usize {
    const record = this.add(port, pts, Kind.Tensor, 0, 0);
    const size = <usize>shape.length << 2;
    const extents = allocateForCall(size);
    memory.copy(extents, changetype<usize>(shape), size);
    store<u8>(record, <u8>element, 20);
    store<usize>(record, extents, 24);
    store<u32>(record, shape.length, 28);
    let elements = 1;
    for (let i = 0; i < shape.length; i++) elements *= shape[i];
    return this.data(record, elements * elementBytes(element));
  }

  encoded(port: string, pts: i64, codec: string, size: i32): usize {
    const name = encode(codec);
    const length = encodedLength;
    const record = this.add(port, pts, Kind.Encoded, 0, 0);
    store<usize>(record, name, 20);
    store<i32>(record, length, 24);
    return this.data(record, size);
  }

  /** This frame can't be processed; the next one may be. What the call gave so far is dropped. */
  reject(reason: string): void {
    this.refuse(1, reason);
  }

  /** The node can't go on. */
  fail(reason: string): void {
    this.refuse(2, reason);
  }

  refuse(kind: i32, reason: string): void {
    if (this.failureKind >= 0) return;
    this.failureKind = kind;
    this.failureText = reason;
  }

  /** Forgets the last call's frames. */
  clear(): void {
    this.count = 0;
    this.failureKind = -1;
    this.failureText = "";
    this.unfinished = -1;
  }

  /** Completes the JSON value under construction. */
  finish(): void {
    if (this.unfinished < 0) return;
    const record = this.records + <usize>this.unfinished * recordSize;
    this.unfinished = -1;
    this.writer.finish();
    const length = this.writer.length;
    const data = allocateForCall(length);
    memory.copy(data, this.writer.pointer, length);
    store<usize>(record, data, 32);
    store<i32>(record, length, 36);
  }

  private add(port: string, pts: i64, kind: Kind, data: usize, length: i32): usize {
    this.finish();
    if (this.count == this.capacity) this.grow();
    const record = this.records + <usize>this.count * recordSize;
    this.count++;
    const name = encode(port);
    store<usize>(record, name);
    store<i32>(record, encodedLength, 4);
    store<i64>(record, pts, 8);
    store<u8>(record, <u8>kind, 16);
    store<usize>(record, data, 32);
    store<i32>(record, length, 36);
    return record;
  }

  private data(record: usize, size: i32): usize {
    const data = allocateData(size);
    store<usize>(record, data, 32);
    store<i32>(record, size, 36);
    return data;
  }

  private grow(): void {
    this.capacity = this.capacity == 0 ? 8 : this.capacity * 2;
    const size = <usize>this.capacity * recordSize;
    this.records = this.records == 0 ? heap.alloc(size) : heap.realloc(this.records, size);
  }
}
