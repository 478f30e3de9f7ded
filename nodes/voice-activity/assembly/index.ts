// VoiceActivity: lets speech through and says where it starts and ends.
import { ByteQueue, Floats, Frame, Kind, Node, Output, Params, sampleBytes, SampleFormat } from "../../sdk/assembly";
import { appendMixed } from "../../sdk/assembly/dsp/planar";
import { Timeline } from "../../sdk/assembly/dsp/timeline";
import { Detector } from "./detector";

export class VoiceActivity extends Node {
  private thresholdDb: f64 = 6;
  private leastLevelDb: f64 = -55;
  private leastSpeechMs: i32 = 80;
  private leastSilenceMs: i32 = 300;
  private padMs: i32 = 100;

  private detector: Detector | null = null;
  private timeline: Timeline = new Timeline();
  private channels: i32 = 0;
  private format: SampleFormat = SampleFormat.F32;
  /** Mixed samples from hop number `hop` on. */
  private mixed: Floats = new Floats();
  private hop: i64 = 0;
  /** The stream as it came, from sample number `rawStart` on: what may still turn out to be speech. */
  private raw: ByteQueue = new ByteQueue();
  private rawStart: i64 = 0;

  private speaking: bool = false;
  /** Sample numbers: where the segment starts, up to where it was given, and where the last one ended. */
  private start: i64 = 0;
  private given: i64 = 0;
  private lastEnd: i64 = 0;
  /** Hops that looked like voice lately, and the first of them. */
  private run: i32 = 0;
  private runStart: i64 = 0;
  private lastActive: i64 = 0;
  private levelSum: f64 = 0;
  private levelHops: i32 = 0;

  open(params: Params): void {
    this.thresholdDb = params.number("threshold_db", 6, 1, 15);
    this.leastLevelDb = params.number("min_level_db", -55, -120, 0);
    this.leastSpeechMs = params.integer("min_speech_duration_ms", 80, 10, 5000);
    this.leastSilenceMs = params.integer("min_silence_duration_ms", 300, 10, 10000);
    this.padMs = params.integer("speech_pad_ms", 100, 0, 2000);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    if (frame.rate < 8000 || frame.rate > 192000) return out.reject("rate out of range (8000 to 192000 Hz)");
    if (!this.fits(frame)) this.restart(frame, out);
    this.raw.append(frame.data, frame.length);
    appendMixed(this.mixed, frame.samples(), frame.channels, frame.sampleCount);
    this.timeline.count += frame.sampleCount;
    const detector = this.detector!;
    let used = 0;
    for (; used + detector.size <= this.mixed.length; used += detector.hop) {
      detector.step(this.mixed.pointer + (<usize>used << 2));
      this.decide(detector, out);
      this.hop++;
    }
    this.mixed.drop(used);
    if (this.speaking) this.give(out, this.samples(this.lastActive + 1) + this.pad);
    this.forget();
  }

  flush(out: Output): void {
    if (this.speaking) this.end(out);
    this.timeline.rate = 0;
  }

  private get pad(): i64 {
    return (<i64>this.padMs * <i64>this.timeline.rate) / 1000;
  }

  private samples(hops: i64): i64 {
    return hops * <i64>this.detector!.hop;
  }

  private fits(frame: Frame): bool {
    if (frame.rate != this.timeline.rate || frame.channels != this.channels) return false;
    return frame.sampleFormat == this.format && this.timeline.continues(frame.pts);
  }

  /** Ends what is going on and starts anew at `frame`; what was learnt of the noise is kept while the rate is. */
  private restart(frame: Frame, out: Output): void {
    if (this.speaking) this.end(out);
    const detector = this.detector;
    if (detector === null || detector.hop != frame.rate / 100) this.detector = new Detector(frame.rate);
    this.timeline.start(frame.pts, frame.rate);
    this.channels = frame.channels;
    this.format = frame.sampleFormat;
    this.mixed.resize(0);
    this.raw.clear();
    this.rawStart = 0;
    this.hop = 0;
    this.lastEnd = 0;
    this.run = 0;
  }

  private decide(detector: Detector, out: Output): void {
    const loud = detector.scoreDb >= this.thresholdDb && detector.levelDb >= this.leastLevelDb;
    if (this.speaking) {
      if (loud) this.lastActive = this.hop;
      else if ((this.hop - this.lastActive) * 10 >= <i64>this.leastSilenceMs) this.end(out);
    } else if (loud && detector.voiced) {
      // Only voiced sound starts a segment; the padding brings back the consonant before it.
      if (this.run++ == 0) this.runStart = this.hop;
      if (this.run * 10 >= this.leastSpeechMs) this.begin(out);
    } else if (this.run > 0) this.run--;
    if (this.speaking && loud) {
      this.levelSum += detector.levelDb;
      this.levelHops++;
    }
  }

  private begin(out: Output): void {
    this.speaking = true;
    this.run = 0;
    this.lastActive = this.hop;
    this.levelSum = 0;
    this.levelHops = 0;
    this.start = max(this.samples(this.runStart) - this.pad, max(this.lastEnd, this.rawStart));
    this.given = this.start;
    const at = this.timeline.at(this.start);
    out
      .object("events", at)
      .string("event", "speech_start")
      .flag("is_speech_start", true)
      .flag("is_speech_end", false)
      .integer("start_us", at);
  }

  private end(out: Output): void {
    const end = min(this.samples(this.lastActive + 1) + this.pad, this.timeline.count);
    this.give(out, end);
    this.speaking = false;
    this.lastEnd = end;
    const startUs = this.timeline.at(this.start);
    const endUs = this.timeline.at(end);
    out
      .object("events", endUs)
      .string("event", "speech_end")
      .flag("is_speech_start", false)
      .flag("is_speech_end", true)
      .integer("start_us", startUs)
      .integer("end_us", endUs)
      .integer("duration_us", endUs - startUs)
      .number("level_db", this.levelHops == 0 ? NaN : this.levelSum / <f64>this.levelHops, 1);
  }

  /** Hands on the segment's samples up to number `to`. */
  private give(out: Output, to: i64): void {
    const end = min(to, this.timeline.count);
    const count = <i32>(end - this.given);
    if (count <= 0) return;
    const step = this.channels * sampleBytes(this.format);
    const pts = this.timeline.at(this.given);
    const data = out.audio("speech", pts, this.timeline.rate, this.channels, this.format, count);
    const from = this.raw.pointer + <usize>(this.given - this.rawStart) * step;
    memory.copy(data, from, <usize>(count * step));
    this.given = end;
  }

  /** Drops the raw samples that no segment can reach back to. */
  private forget(): void {
    const reach = this.run > 0 ? this.runStart : this.hop;
    const keep = this.speaking ? this.given : max(0, this.samples(reach) - this.pad);
    const count = <i32>(min(keep, this.timeline.count) - this.rawStart);
    if (count <= 0) return;
    this.raw.drop(count * this.channels * sampleBytes(this.format));
    this.rawStart += count;
  }
}
