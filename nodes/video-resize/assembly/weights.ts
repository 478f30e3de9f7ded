// Which source pixels make an output pixel along one axis, and by how much: bilinear when enlarging, area when reducing.

/** Weights of one output sum to this. */
export const unity: i32 = 16384;

export class Weights {
  /** Source pixels each output takes, the same for all. */
  readonly taps: i32;
  readonly starts: StaticArray<i32>;
  /** `taps` weights an output. */
  readonly values: StaticArray<i16>;

  constructor(source: i32, target: i32, area: bool) {
    const step = <f64>source / <f64>target;
    const wide = area && step > 1;
    const taps = min(source, wide ? <i32>Math.ceil(step) + 1 : 2);
    this.taps = taps;
    this.starts = new StaticArray<i32>(target);
    this.values = new StaticArray<i16>(target * taps);
    for (let i = 0; i < target; i++) {
      // An area filter covers [i·step, (i + 1)·step); a bilinear one the two pixels around the centre.
      const left = wide ? <f64>i * step : (<f64>i + 0.5) * step - 0.5;
      const right = wide ? left + step : left;
      const start = max(0, min(source - taps, <i32>Math.floor(left)));
      this.starts[i] = start;
      this.fill(i, start, left, right, wide);
    }
  }

  private fill(output: i32, start: i32, left: f64, right: f64, wide: bool): void {
    let rest = unity;
    let heaviest = 0;
    const row = output * this.taps;
    for (let t = 0; t < this.taps; t++) {
      const at = <f64>(start + t);
      const share = wide
        ? (min(right, at + 1) - max(left, at)) / (right - left)
        : 1 - abs(max<f64>(<f64>start, min<f64>(<f64>(start + this.taps - 1), left)) - at);
      const weight = <i32>Math.round(max<f64>(0, share) * <f64>unity);
      this.values[row + t] = <i16>weight;
      rest -= weight;
      if (weight > <i32>this.values[row + heaviest]) heaviest = t;
    }
    // What rounding left over goes to the heaviest, so that a flat picture stays flat.
    this.values[row + heaviest] = <i16>(<i32>this.values[row + heaviest] + rest);
  }
}
