// Triangular filters on the mel scale, as Slaney's Auditory Toolbox (and librosa, Whisper) or HTK space them.
import { Floats } from "../../sdk/assembly";
import { dot } from "../../sdk/assembly/dsp/dot";

const linearStep: f64 = 200.0 / 3;
const logStart: f64 = 1000;

/** Hz to mel. */
function toMel(hz: f64, htk: bool): f64 {
  if (htk) return 2595 * Math.log10(1 + hz / 700);
  return hz < logStart ? hz / linearStep : 15 + Math.log(hz / logStart) / (Math.log(6.4) / 27);
}

function toHz(mel: f64, htk: bool): f64 {
  if (htk) return 700 * (Math.exp((mel / 2595) * Math.LN10) - 1);
  return mel < 15 ? mel * linearStep : logStart * Math.exp((mel - 15) * (Math.log(6.4) / 27));
}

/** Sums a power spectrum into `count` mel bands. */
export class MelFilterBank {
  private starts: StaticArray<i32> = [];
  private lengths: StaticArray<i32> = [];
  private offsets: StaticArray<i32> = [];
  private weights: Floats = new Floats();

  constructor(readonly count: i32, size: i32, rate: i32, low: f64, high: f64, htk: bool, areaNormal: bool) {
    this.starts = new StaticArray<i32>(count);
    this.lengths = new StaticArray<i32>(count);
    this.offsets = new StaticArray<i32>(count);
    const bottom = toMel(low, htk);
    const step = (toMel(high, htk) - bottom) / <f64>(count + 1);
    const binHz = <f64>rate / <f64>size;
    for (let m = 0; m < count; m++) {
      const left = toHz(bottom + step * <f64>m, htk);
      const centre = toHz(bottom + step * <f64>(m + 1), htk);
      const right = toHz(bottom + step * <f64>(m + 2), htk);
      const first = max(0, <i32>Math.ceil(left / binHz));
      const last = min(size / 2, <i32>Math.floor(right / binHz));
      this.starts[m] = first;
      this.lengths[m] = max(0, last - first + 1);
      this.offsets[m] = this.weights.length;
      const scale = areaNormal ? 2 / (right - left) : 1;
      for (let k = first; k <= last; k++) {
        const hz = <f64>k * binHz;
        const rise = (hz - left) / (centre - left);
        const fall = (right - hz) / (right - centre);
        const at = this.weights.length;
        this.weights.resize(at + 1);
        this.weights[at] = <f32>(max<f64>(0, min(rise, fall)) * scale);
      }
    }
  }

  /** One band of the spectrum at `power`. */
  @inline band(power: usize, m: i32): f32 {
    const from = power + (<usize>this.starts[m] << 2);
    return dot(from, this.weights.pointer + (<usize>this.offsets[m] << 2), this.lengths[m]);
  }
}
