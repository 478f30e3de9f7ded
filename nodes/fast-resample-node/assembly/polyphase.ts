// A windowed-sinc filter bank for rational rate changes, and its inner loop.
import { Floats } from "../../sdk/assembly";
import { dot } from "../../sdk/assembly/dsp/dot";
import { sin } from "../../sdk/assembly/dsp/trigonometry";

/** More phases than this, less where the filter is slower than the input, are interpolated between neighbours instead of
 * tabulated: the error stays below -115 dB, and the table below 2 MB whatever the rates. */
const mostPhases: f64 = 1024;

function gcd(a: i32, b: i32): i32 {
  return b == 0 ? a : gcd(b, a % b);
}

/** The modified Bessel function I0, by its series. */
function bessel(x: f64): f64 {
  let sum: f64 = 1;
  let term: f64 = 1;
  const square = (x * x) / 4;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= square / (<f64>k * <f64>k);
    sum += term;
  }
  return sum;
}

/** The filters for one pair of rates. Output k lies at input time k·from/to; phase p is its fraction. */
export class Polyphase {
  /** Reduced ratio: `up` outputs for `down` inputs. */
  up: i32 = 1;
  down: i32 = 1;
  /** Input samples a filter spans, a multiple of 8; half of them lie ahead of the output. */
  taps: i32 = 0;
  private phases: i32 = 1;
  private interpolate: bool = false;
  private bank: Floats = new Floats();

  /** `attenuation` in dB; `transition` is the share of the narrower band that is given up to the slope. */
  constructor(from: i32, to: i32, attenuation: f64, transition: f64) {
    const divisor = gcd(from, to);
    this.up = to / divisor;
    this.down = from / divisor;
    const most = max(16, <i32>Math.ceil(mostPhases * min<f64>(1, <f64>to / <f64>from)));
    this.interpolate = this.up > most;
    this.phases = this.interpolate ? most : this.up;
    // In cycles per input sample: the slope ends at the lower Nyquist frequency, so that nothing folds back.
    const nyquist = 0.5 * min<f64>(1, <f64>to / <f64>from);
    const slope = nyquist * transition;
    const length = (attenuation - 7.95) / (14.36 * slope) + 1;
    this.taps = (<i32>Math.ceil(length) + 7) & ~7;
    this.design(nyquist - slope / 2, 0.1102 * (attenuation - 8.7));
  }

  /** Kaiser's window over a sinc; each phase is scaled to unity at 0 Hz. */
  private design(cutoff: f64, beta: f64): void {
    const half = this.taps / 2;
    const rows = this.interpolate ? this.phases + 1 : this.phases;
    const scale = 1 / bessel(beta);
    const row = new StaticArray<f64>(this.taps);
    this.bank.resize(rows * this.taps);
    for (let p = 0; p < rows; p++) {
      let sum: f64 = 0;
      for (let j = 0; j < this.taps; j++) {
        const t = <f64>(j - half + 1) - <f64>p / <f64>this.phases;
        const edge = t / <f64>half;
        const window = abs(edge) >= 1 ? 0 : bessel(beta * Math.sqrt(1 - edge * edge)) * scale;
        const x = 2 * Math.PI * cutoff * t;
        row[j] = (x == 0 ? 1 : sin(x) / x) * window;
        sum += row[j];
      }
      for (let j = 0; j < this.taps; j++) this.bank[p * this.taps + j] = <f32>(row[j] / sum);
    }
  }

  /** The output whose first tap is at `input`, at `phase` of `up`. */
  @inline at(input: usize, phase: i32): f32 {
    const size = <usize>this.taps << 2;
    if (!this.interpolate) return dot(input, this.bank.pointer + <usize>phase * size, this.taps);
    const exact = (<f64>phase * <f64>this.phases) / <f64>this.up;
    const row = <i32>exact;
    const filter = this.bank.pointer + <usize>row * size;
    const near = dot(input, filter, this.taps);
    return near + <f32>(exact - <f64>row) * (dot(input, filter + size, this.taps) - near);
  }
}
