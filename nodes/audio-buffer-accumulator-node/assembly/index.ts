// AudioBufferAccumulatorNode: whole utterances, cut out of the audio by the events of a voice activity detector.
import { ByteQueue, Frame, JsonReader, Kind, Node, Output, Params, sampleBytes, SampleFormat } from "../../sdk/assembly";
import { Timeline } from "../../sdk/assembly/dsp/timeline";

/** A detector says so some time after speech began: how much later it may be, in milliseconds. */
const latestMs: i32 = 2000;

export class AudioBufferAccumulatorNode extends Node {
  private leastMs: i32 = 250;
  private mostMs: i32 = 30000;
  private preRollMs: i32 = 500;
  private timeline: Timeline = new Timeline();
  private channels: i32 = 0;
  private format: SampleFormat = SampleFormat.F32;
  /** The utterance while there is one, else the pre-roll; from sample number `start` on. */
  private held: ByteQueue = new ByteQueue();
  private start: i64 = 0;
  private speaking: bool = false;

  open(params: Params): void {
    this.leastMs = params.integer("min_utterance_duration_ms", 250, 0, 3600000);
    this.mostMs = params.integer("max_utterance_duration_ms", 30000, 100, 120000);
    this.preRollMs = params.integer("pre_roll_ms", 500, 0, 10000);
    if (this.leastMs > this.mostMs) params.refuse("min_utterance_duration_ms: above max_utterance_duration_ms");
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind == Kind.Audio) this.audio(frame, out);
    else if (frame.kind == Kind.Json) this.event(frame, out);
    else out.reject("takes audio, and JSON events of a voice activity detector");
  }

  flush(out: Output): void {
    if (this.speaking) this.give(out, this.timeline.count);
    this.speaking = false;
    this.held.clear();
    this.timeline.rate = 0;
  }

  private audio(frame: Frame, out: Output): void {
    if (!this.fits(frame)) {
      const speaking = this.speaking;
      this.flush(out);
      this.speaking = speaking;
      this.timeline.start(frame.pts, frame.rate);
      this.channels = frame.channels;
      this.format = frame.sampleFormat;
      this.start = 0;
    }
    this.held.append(frame.data, frame.length);
    this.timeline.count += frame.sampleCount;
    if (!this.speaking) return this.forget(this.timeline.count - this.samples(this.preRollMs + latestMs));
    const most = this.samples(this.mostMs);
    // Someone who talks on is cut into pieces, none of it lost.
    while (this.timeline.count - this.start >= most) this.give(out, this.start + most);
  }

  private event(frame: Frame, out: Output): void {
    const reader = new JsonReader(frame.data, frame.length);
    const starts = flagged(reader, frame, "is_speech_start");
    const ends = flagged(reader, frame, "is_speech_end");
    if (starts && !this.speaking) {
      this.speaking = true;
      this.forget(this.sampleAt(frame.pts) - this.samples(this.preRollMs));
    }
    if (ends && this.speaking) {
      // The event's time is the end of speech; the audio may be further on, or not there yet.
      const at = this.sampleAt(frame.pts);
      const end = at > this.start && at < this.timeline.count ? at : this.timeline.count;
      if ((end - this.start) * 1000 >= <i64>this.leastMs * <i64>this.timeline.rate) this.give(out, end);
      this.speaking = false;
      this.forget(max(end, this.timeline.count - this.samples(this.preRollMs + latestMs)));
    }
  }

  private fits(frame: Frame): bool {
    if (frame.rate != this.timeline.rate || frame.channels != this.channels) return false;
    return frame.sampleFormat == this.format && this.timeline.continues(frame.pts);
  }

  private samples(ms: i32): i64 {
    return (<i64>ms * <i64>this.timeline.rate) / 1000;
  }

  private sampleAt(pts: i64): i64 {
    return this.timeline.started ? ((pts - this.timeline.at(0)) * <i64>this.timeline.rate) / 1000000 : 0;
  }

  /** Gives the held samples up to number `end` as one frame. */
  private give(out: Output, end: i64): void {
    const count = <i32>(end - this.start);
    if (count <= 0) return;
    const data = out.audio("out", this.timeline.at(this.start), this.timeline.rate, this.channels, this.format, count);
    memory.copy(data, this.held.pointer, count * this.channels * sampleBytes(this.format));
    this.forget(end);
  }

  /** Drops what lies before sample number `before`. */
  private forget(before: i64): void {
    const count = <i32>(min(before, this.timeline.count) - this.start);
    if (count <= 0) return;
    this.held.drop(count * this.channels * sampleBytes(this.format));
    this.start += count;
  }
}

/** Whether a top-level key of the JSON object is true. */
function flagged(reader: JsonReader, frame: Frame, key: string): bool {
  return reader.restart(frame.data, frame.length).find(key) && reader.peek() == 0x74;
}
