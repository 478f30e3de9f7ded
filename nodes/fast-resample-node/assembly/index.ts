// FastResampleNode: audio at another rate.
import { Floats, Frame, fromFloats, Kind, Node, Output, Params, SampleFormat } from "../../sdk/assembly";
import { appendChannel, appendMixed } from "../../sdk/assembly/dsp/planar";
import { Timeline } from "../../sdk/assembly/dsp/timeline";
import { Polyphase } from "./polyphase";

// Low, Medium, High: stop-band attenuation in dB, and the share of the band that is given up to the slope.
const attenuations: StaticArray<f64> = [86, 100, 120];
const transitions: StaticArray<f64> = [0.2, 0.1, 0.05];

export class FastResampleNode extends Node {
  private target: i32 = 16000;
  private source: i32 = 0;
  private wanted: i32 = 0;
  private quality: i32 = 1;
  private filter: Polyphase | null = null;
  /** The rate that the filter takes. */
  private filterRate: i32 = 0;
  private input: Timeline = new Timeline();
  private output: Timeline = new Timeline();
  /** Not yet consumed input, a buffer a channel; it starts where the next output's first tap lies. */
  private held: Floats[] = [];
  private mixed: Floats = new Floats();
  private channels: i32 = 0;
  private format: SampleFormat = SampleFormat.F32;
  /** The next output's phase. */
  private phase: i32 = 0;

  open(params: Params): void {
    this.target = params.integer("target_rate", 16000, 1000, 768000);
    this.source = params.integer("source_rate", 0, 0, 768000);
    this.wanted = params.integer("channels", 0, 0, 32);
    this.quality = params.choice("quality", 1, ["Low", "Medium", "High"]);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    if (this.source != 0 && frame.rate != this.source) return out.reject("audio isn't at source_rate");
    if (frame.channels > 32) return out.reject("more than 32 channels");
    if (frame.rate < 1000 || frame.rate > 768000) return out.reject("rate out of range (1000 to 768000 Hz)");
    if (this.wanted > 1 && frame.channels != this.wanted) return out.reject("audio doesn't have that many channels");
    const channels = this.wanted == 1 ? 1 : frame.channels;
    if (frame.rate == this.target && channels == frame.channels) return out.forward(frame);
    if (!this.fits(frame, channels)) this.restart(frame, channels, out);
    const count = frame.sampleCount;
    const samples = frame.samples();
    for (let c = 0; c < channels; c++) {
      if (this.wanted == 1) appendMixed(this.held[c], samples, frame.channels, count);
      else appendChannel(this.held[c], samples, frame.channels, c, count);
    }
    this.input.count += count;
    this.give(out, this.ready());
  }

  flush(out: Output): void {
    if (this.filter !== null && this.input.started) this.drain(out);
  }

  private fits(frame: Frame, channels: i32): bool {
    if (!this.input.started || frame.rate != this.input.rate) return false;
    if (channels != this.channels || frame.sampleFormat != this.format) return false;
    return this.input.continues(frame.pts);
  }

  /** Gives what is held of the stream so far and starts another at `frame`. */
  private restart(frame: Frame, channels: i32, out: Output): void {
    if (this.input.started) this.drain(out);
    if (frame.rate != this.filterRate) {
      this.filterRate = frame.rate;
      this.filter = new Polyphase(frame.rate, this.target, attenuations[this.quality], transitions[this.quality]);
    }
    this.input.start(frame.pts, frame.rate);
    this.output.start(frame.pts, this.target);
    this.phase = 0;
    this.channels = channels;
    this.format = frame.sampleFormat;
    this.held = [];
    // Silence before the first sample, so that the first output is centred on it.
    for (let c = 0; c < channels; c++) this.held.push(new Floats(this.filter!.taps / 2 - 1));
  }

  /** How many outputs the held input is enough for. */
  private ready(): i32 {
    const filter = this.filter!;
    const spare = this.held[0].length - filter.taps;
    if (spare < 0) return 0;
    // The largest n with floor((phase + (n - 1)·down) / up) ≤ spare.
    return <i32>((<i64>(spare + 1) * <i64>filter.up - 1 - <i64>this.phase) / <i64>filter.down) + 1;
  }

  /** Pads the input with silence and gives what is still owed: an output for each whole step of the input. */
  private drain(out: Output): void {
    const filter = this.filter!;
    const owed = (this.input.count * <i64>filter.up + <i64>filter.down - 1) / <i64>filter.down - this.output.count;
    for (let c = 0; c < this.channels; c++) {
      const held = this.held[c];
      const end = held.length;
      held.resize(end + filter.taps);
      memory.fill(held.pointer + (<usize>end << 2), 0, <usize>filter.taps << 2);
    }
    this.give(out, <i32>owed);
    this.input.rate = 0;
  }

  private give(out: Output, count: i32): void {
    if (count <= 0) return;
    const filter = this.filter!;
    const pts = this.output.at(this.output.count);
    const data = out.audio("out", pts, this.target, this.channels, this.format, count);
    const direct = this.format == SampleFormat.F32;
    const target = direct ? data : this.mixed.resize(count * this.channels).pointer;
    let consumed = 0;
    let phase = 0;
    for (let c = 0; c < this.channels; c++) {
      consumed = 0;
      phase = this.phase;
      const input = this.held[c].pointer;
      for (let k = 0; k < count; k++) {
        const at = target + (<usize>(k * this.channels + c) << 2);
        store<f32>(at, filter.at(input + (<usize>consumed << 2), phase));
        phase += filter.down;
        consumed += phase / filter.up;
        phase %= filter.up;
      }
      this.held[c].drop(min(consumed, this.held[c].length));
    }
    this.phase = phase;
    this.output.count += count;
    if (!direct) fromFloats(target, data, this.format, count * this.channels);
  }
}
