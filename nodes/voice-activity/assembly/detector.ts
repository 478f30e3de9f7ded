// Decides for each 10 ms whether there is speech: signal-to-noise in mel-like bands against a floor that follows the
// minima of the last 1.5 s, and how noise-like the spectrum is.
import { Floats } from "../../sdk/assembly";
import { energy } from "../../sdk/assembly/dsp/dot";
import { isFftSize, RealFft } from "../../sdk/assembly/dsp/real-fft";
import { powerDb } from "../../sdk/assembly/dsp/decibel";
import { cos } from "../../sdk/assembly/dsp/trigonometry";

const bandCount = 20;
/** The minima are kept in 10 parts of 15 hops: 1.5 s. */
const parts = 10;
const partHops = 15;
/** How much the mean of smoothed noise lies above its minimum over 1.5 s. */
const minimumBias: f32 = 2;
/** Bands further than this above the floor count no more than this, in dB. */
const mostDb: f64 = 15;
/** A spectrum flatter than this isn't voiced; noise has about 0.56, vowels below 0.2. */
const flattestVoice: f64 = 0.35;
/** Before enough was heard, a band's floor isn't believed to be above this power. */
const firstFloor: f32 = 1e-5;

export class Detector {
  /** Samples a step and samples a window. */
  hop: i32 = 0;
  size: i32 = 0;
  /** The last hop's results. */
  scoreDb: f64 = 0;
  levelDb: f64 = 0;
  voiced: bool = false;
  private fft: RealFft = new RealFft(8);
  private window: Floats = new Floats();
  private windowed: Floats = new Floats();
  private power: Floats = new Floats();
  private edges: StaticArray<i32> = new StaticArray<i32>(bandCount + 1);
  private fast: Floats = new Floats(bandCount);
  private slow: Floats = new Floats(bandCount);
  private minima: Floats = new Floats(bandCount * parts);
  private hops: i32 = 0;

  constructor(rate: i32) {
    this.hop = rate / 100;
    let size = (rate / 40 + 7) & ~7;
    while (!isFftSize(size)) size += 8;
    this.size = size;
    this.fft = new RealFft(size);
    this.window.resize(size);
    this.windowed.resize(size);
    this.power.resize(size / 2 + 1);
    // Scaled so that a full-scale sine has a power of about 1 in its band.
    for (let i = 0; i < size; i++) {
      const hann = 0.5 - 0.5 * cos((2 * Math.PI * <f64>i) / <f64>size);
      this.window[i] = <f32>((hann * 3.266) / <f64>size);
    }
    this.placeBands(rate);
    this.minima.fill(Infinity);
  }

  /** Looks at `size` samples at `input`. */
  step(input: usize): void {
    const size = this.size;
    for (let i = 0; i < size; i++) this.windowed[i] = load<f32>(input + (<usize>i << 2)) * this.window[i];
    this.fft.power(this.windowed.pointer, this.power.pointer);
    this.levelDb = powerDb(energy(input, size) / <f64>size);
    this.voiced = this.flatness() < flattestVoice;
    this.scoreDb = this.score();
    this.hops++;
  }

  /** Mel-like spacing from 100 Hz to 7 kHz, or what the rate allows; each band at least one bin wide. */
  private placeBands(rate: i32): void {
    const top = Math.log(1 + min<f64>(7000, 0.45 * <f64>rate) / 700);
    const bottom = Math.log(1 + 100.0 / 700);
    const binHz = <f64>rate / <f64>this.size;
    for (let b = 0; b <= bandCount; b++) {
      const hz = 700 * (Math.exp(bottom + ((top - bottom) * <f64>b) / <f64>bandCount) - 1);
      const bin = <i32>Math.round(hz / binHz);
      this.edges[b] = b == 0 ? max(1, bin) : max(this.edges[b - 1] + 1, bin);
    }
  }

  private score(): f64 {
    const part = (this.hops / partHops) % parts;
    if (this.hops % partHops == 0) {
      for (let b = 0; b < bandCount; b++) this.minima[part * bandCount + b] = Infinity;
    }
    let sum: f64 = 0;
    for (let b = 0; b < bandCount; b++) {
      let power: f32 = 1e-12;
      for (let k = this.edges[b]; k < this.edges[b + 1]; k++) power += this.power[k];
      this.fast[b] = this.hops == 0 ? power : this.fast[b] * 0.5 + power * 0.5;
      this.slow[b] = this.hops == 0 ? power : this.slow[b] * 0.85 + power * 0.15;
      const at = part * bandCount + b;
      this.minima[at] = min(this.minima[at], this.slow[b]);
      const above = powerDb(this.fast[b] / this.floor(b));
      sum += max<f64>(0, min(mostDb, above));
    }
    return sum / <f64>bandCount;
  }

  private floor(band: i32): f32 {
    let least: f32 = Infinity;
    for (let p = 0; p < parts; p++) least = min(least, this.minima[p * bandCount + band]);
    const floor = least * minimumBias;
    return this.hops < parts * partHops ? min(floor, firstFloor) : floor;
  }

  /** Geometric over arithmetic mean of the bins between the first and the last band. */
  private flatness(): f64 {
    const first = this.edges[0];
    const last = this.edges[bandCount];
    let logs: f64 = 0;
    let sum: f64 = 0;
    // One logarithm for eight bins: the product of eight powers of 1e-30 and more stays in range.
    let product: f64 = 1;
    for (let k = first; k < last; k++) {
      const power = <f64>this.power[k] + 1e-30;
      sum += power;
      product *= power;
      if (((k - first) & 7) == 7) {
        logs += Math.log(product);
        product = 1;
      }
    }
    logs += Math.log(product);
    const count = <f64>(last - first);
    return Math.exp(logs / count) / (sum / count);
  }
}
