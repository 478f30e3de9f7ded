// Resizes one plane of interleaved 8-bit components: rows are summed first, then columns.
import { unity, Weights } from "./weights";

/** The summed row keeps 6 bits below the point, so that it fits 16 bits. */
const rowShift = 8;
const columnShift = 20;

export class PlaneResizer {
  private rows: Weights;
  private columns: Weights;
  private line: usize;

  constructor(
    private width: i32, private height: i32, private toWidth: i32, private toHeight: i32,
    private components: i32, area: bool,
  ) {
    this.rows = new Weights(height, toHeight, area);
    this.columns = new Weights(width, toWidth, area);
    // 16 bytes over, because SIMD writes whole vectors.
    this.line = heap.alloc((<usize>(width * components) << 1) + 32);
  }

  /** Frees what the collector doesn't know of. */
  release(): void {
    heap.free(this.line);
  }

  resize(source: usize, target: usize): void {
    const stride = this.width * this.components;
    const toStride = this.toWidth * this.components;
    for (let y = 0; y < this.toHeight; y++) {
      const from = source + <usize>this.rows.starts[y] * stride;
      this.sumRows(from, stride, changetype<usize>(this.rows.values) + (<usize>(y * this.rows.taps) << 1));
      this.sumColumns(target + <usize>y * toStride);
    }
  }

  private sumRows(source: usize, stride: i32, weights: usize): void {
    const taps = this.rows.taps;
    let x = 0;
    if (ASC_FEATURE_SIMD) {
      for (; x + 8 <= stride; x += 8) {
        let low = i32x4.splat(0);
        let high = i32x4.splat(0);
        for (let t = 0; t < taps; t++) {
          const weight = i16x8.splat(load<i16>(weights + (<usize>t << 1)));
          const bytes = v128.load_ext<u8>(source + <usize>(t * stride + x));
          low = i32x4.add(low, i32x4.extmul_low_i16x8_s(bytes, weight));
          high = i32x4.add(high, i32x4.extmul_high_i16x8_s(bytes, weight));
        }
        const sums = i16x8.narrow_i32x4_s(i32x4.shr_s(low, rowShift), i32x4.shr_s(high, rowShift));
        v128.store(this.line + (<usize>x << 1), sums);
      }
    }
    for (; x < stride; x++) {
      let sum = 0;
      for (let t = 0; t < taps; t++) {
        sum += <i32>load<i16>(weights + (<usize>t << 1)) * <i32>load<u8>(source + <usize>(t * stride + x));
      }
      store<i16>(this.line + (<usize>x << 1), <i16>(sum >> rowShift));
    }
  }

  private sumColumns(target: usize): void {
    const components = this.components;
    const taps = this.columns.taps;
    const half = 1 << (columnShift - 1);
    for (let x = 0; x < this.toWidth; x++) {
      const from = this.line + (<usize>(this.columns.starts[x] * components) << 1);
      const weights = changetype<usize>(this.columns.values) + (<usize>(x * taps) << 1);
      for (let c = 0; c < components; c++) {
        let sum = half;
        for (let t = 0; t < taps; t++) {
          sum += <i32>load<i16>(weights + (<usize>t << 1)) * <i32>load<i16>(from + (<usize>(t * components + c) << 1));
        }
        store<u8>(target + <usize>(x * components + c), <u8>min(255, sum >> columnShift));
      }
    }
  }
}
