// AudioChunkerNode: audio in pieces of one size.
import { ByteQueue, Frame, Kind, Node, Output, Params, sampleBytes, SampleFormat } from "../../sdk/assembly";
import { Timeline } from "../../sdk/assembly/dsp/timeline";

enum Remainder { Emit, Pad, Drop }

export class AudioChunkerNode extends Node {
  private size: i32 = 512;
  private remainder: Remainder = Remainder.Emit;
  private timeline: Timeline = new Timeline();
  private channels: i32 = 0;
  private format: SampleFormat = SampleFormat.F32;
  private held: ByteQueue = new ByteQueue();

  open(params: Params): void {
    this.size = params.integer("chunk_size", params.integer("chunkSize", 512, 1, 65536), 1, 65536);
    this.remainder = <Remainder>params.choice("remainder", Remainder.Emit, ["emit", "pad", "drop"]);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    if (!this.fits(frame)) {
      this.flush(out);
      this.timeline.start(frame.pts, frame.rate);
      this.channels = frame.channels;
      this.format = frame.sampleFormat;
    }
    this.held.append(frame.data, frame.length);
    const chunk = this.size * this.step;
    let used = 0;
    for (; used + chunk <= this.held.length; used += chunk) this.give(out, used, this.size, this.size);
    this.held.drop(used);
  }

  flush(out: Output): void {
    const rest = this.held.length == 0 ? 0 : this.held.length / this.step;
    if (rest > 0 && this.remainder != Remainder.Drop) {
      this.give(out, 0, rest, this.remainder == Remainder.Pad ? this.size : rest);
    }
    this.held.clear();
    this.timeline.rate = 0;
  }

  /** Bytes of one sample of all channels. */
  private get step(): i32 {
    return this.channels * sampleBytes(this.format);
  }

  private fits(frame: Frame): bool {
    if (frame.rate != this.timeline.rate || frame.channels != this.channels || frame.sampleFormat != this.format) {
      return false;
    }
    // The timeline counts what was given; the held samples come on top.
    return this.timeline.continues(frame.pts - (<i64>(this.held.length / this.step) * 1000000) / <i64>frame.rate);
  }

  /** Gives `samples` held ones from byte `from` on as a chunk of `size`, the rest silence. */
  private give(out: Output, from: i32, samples: i32, size: i32): void {
    const pts = this.timeline.at(this.timeline.count);
    const data = out.audio("out", pts, this.timeline.rate, this.channels, this.format, size);
    const bytes = samples * this.step;
    memory.copy(data, this.held.pointer + from, bytes);
    memory.fill(data + bytes, 0, (size - samples) * this.step);
    this.timeline.count += size;
  }
}
