// MelSpectrogram: the energy in mel bands, a row each hop.
import { Element, Floats, Frame, Kind, Node, Output, Params } from "../../sdk/assembly";
import { appendMixed } from "../../sdk/assembly/dsp/planar";
import { isFftSize, RealFft } from "../../sdk/assembly/dsp/real-fft";
import { Timeline } from "../../sdk/assembly/dsp/timeline";
import { MelFilterBank } from "./filter-bank";
import { cos } from "../../sdk/assembly/dsp/trigonometry";

enum Log { None, Ln, Log10, Db }

/** What the logarithm takes for nothing at all. */
const floor: f64 = 1e-10;

export class MelSpectrogram extends Node {
  private size: i32 = 400;
  private hop: i32 = 160;
  private bands: i32 = 80;
  private low: f64 = 0;
  private high: f64 = 0;
  private log: Log = Log.Log10;
  private htk: bool = false;
  private areaNormal: bool = true;
  private fft: RealFft = new RealFft(8);
  private window: Floats = new Floats();
  private windowed: Floats = new Floats();
  private power: Floats = new Floats();
  private bank: MelFilterBank | null = null;
  private held: Floats = new Floats();
  private timeline: Timeline = new Timeline();
  /** Samples of the timeline that the held ones start at. */
  private start: i64 = 0;

  open(params: Params): void {
    this.size = params.integer("n_fft", 400, 32, 8192);
    this.hop = params.integer("hop_length", 160, 1, 8192);
    this.bands = params.integer("n_mels", 80, 1, 512);
    this.low = params.number("f_min", 0, 0, 384000);
    this.high = params.number("f_max", 0, 0, 384000);
    this.log = <Log>params.choice("log", Log.Log10, ["none", "ln", "log10", "db"]);
    this.htk = params.choice("mel_scale", 0, ["slaney", "htk"]) == 1;
    this.areaNormal = params.choice("norm", 0, ["slaney", "none"]) == 0;
    if (!isFftSize(this.size)) return params.refuse("n_fft: not a multiple of 8 made of the factors 2, 3 and 5");
    if (this.hop > this.size) return params.refuse("hop_length: above n_fft");
    if (this.high != 0 && this.high <= this.low) params.refuse("f_max: not above f_min");
    this.fft = new RealFft(this.size);
    this.windowed.resize(this.size);
    this.power.resize(this.size / 2 + 1);
    this.window.resize(this.size);
    for (let i = 0; i < this.size; i++) {
      this.window[i] = <f32>(0.5 - 0.5 * cos((2 * Math.PI * <f64>i) / <f64>this.size));
    }
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    if (frame.rate != this.timeline.rate || !this.timeline.continues(frame.pts)) {
      if (this.high > 0.5 * <f64>frame.rate) return out.reject("f_max is above half the audio's rate");
      if (this.low >= 0.5 * <f64>frame.rate) return out.reject("f_min is above half the audio's rate");
      this.flush(out);
      this.restart(frame);
    }
    appendMixed(this.held, frame.samples(), frame.channels, frame.sampleCount);
    this.timeline.count += frame.sampleCount;
    if (this.held.length >= this.size) this.give(out, (this.held.length - this.size) / this.hop + 1);
  }

  /** Rows for what is left, padded with silence, so that every sample is in a row. */
  flush(out: Output): void {
    const end = this.held.length;
    // All rows but the first add one hop each; earlier rows covered what the held samples start with.
    const covered = this.start == 0 ? 0 : this.size - this.hop;
    if (end <= covered) return;
    const rows = this.start == 0 ? max(0, end - this.size + this.hop - 1) / this.hop + 1 : (end - covered + this.hop - 1) / this.hop;
    this.held.resize(max(end, (rows - 1) * this.hop + this.size));
    for (let i = end; i < this.held.length; i++) this.held[i] = 0;
    this.give(out, rows);
    this.held.resize(0);
  }

  private restart(frame: Frame): void {
    if (frame.rate != this.timeline.rate) {
      const high = this.high == 0 ? 0.5 * <f64>frame.rate : this.high;
      this.bank = new MelFilterBank(this.bands, this.size, frame.rate, this.low, high, this.htk, this.areaNormal);
    }
    this.timeline.start(frame.pts, frame.rate);
    this.start = 0;
    this.held.resize(0);
  }

  private give(out: Output, rows: i32): void {
    const data = out.tensor("out", this.timeline.at(this.start), Element.Float32, [rows, this.bands]);
    for (let row = 0; row < rows; row++) {
      this.row(this.held.pointer + (<usize>(row * this.hop) << 2), data + (<usize>(row * this.bands) << 2));
    }
    const consumed = min(rows * this.hop, this.held.length);
    this.held.drop(consumed);
    this.start += consumed;
  }

  private row(input: usize, target: usize): void {
    for (let i = 0; i < this.size; i++) this.windowed[i] = load<f32>(input + (<usize>i << 2)) * this.window[i];
    this.fft.power(this.windowed.pointer, this.power.pointer);
    const bank = this.bank!;
    for (let m = 0; m < this.bands; m++) {
      store<f32>(target + (<usize>m << 2), this.scaled(bank.band(this.power.pointer, m)));
    }
  }

  @inline private scaled(energy: f32): f32 {
    if (this.log == Log.None) return energy;
    const value = max<f64>(floor, energy);
    if (this.log == Log.Ln) return <f32>Math.log(value);
    const tens = Math.log10(value);
    return <f32>(this.log == Log.Db ? 10 * tens : tens);
  }
}
