// The power spectrum of real signals: a Stockham FFT of half the size, four butterflies at a time with SIMD.
// Sizes are multiples of 8 whose only prime factors are 2, 3 and 5.
import { Floats } from "../floats";
import { add, lanes, mul, splat, sub } from "./lanes";
import { cos, sin } from "./trigonometry";

/** Whether RealFft takes `size`. */
export function isFftSize(size: i32): bool {
  if (size < 8 || size % 8 != 0) return false;
  for (let prime = 2; prime <= 5; prime++) {
    while (size % prime == 0) size /= prime;
  }
  return size == 1;
}

/** Splits off the next radix: 4 as long as it goes, so that every later stride is a multiple of four lanes. */
function radixOf(rest: i32): i32 {
  return rest % 4 == 0 ? 4 : rest % 2 == 0 ? 2 : rest % 3 == 0 ? 3 : 5;
}

export class RealFft {
  private half: i32 = 0;
  private re: Floats = new Floats();
  private im: Floats = new Floats();
  private otherRe: Floats = new Floats();
  private otherIm: Floats = new Floats();
  /** e^(-2πi·jp/n) for each stage, p and j ≥ 1, as pairs. */
  private twiddles: Floats = new Floats();
  /** e^(-2πik/size) for the last step, as pairs. */
  private turns: Floats = new Floats();

  constructor(readonly size: i32) {
    const half = size >> 1;
    this.half = half;
    this.re.resize(half);
    this.im.resize(half);
    this.otherRe.resize(half);
    this.otherIm.resize(half);
    for (let rest = half; rest > 1; ) {
      const radix = radixOf(rest);
      for (let p = 0; p < rest / radix; p++) {
        for (let j = 1; j < radix; j++) pushTurn(this.twiddles, p * j, rest);
      }
      rest /= radix;
    }
    for (let k = 0; k <= half; k++) pushTurn(this.turns, k, size);
  }

  /** |X[k]|² for k = 0 … size/2 of `size` floats at `input`, written to `power`. */
  power(input: usize, power: usize): void {
    const half = this.half;
    for (let i = 0; i < half; i++) {
      const at = <usize>i << 3;
      this.re[i] = load<f32>(input + at);
      this.im[i] = load<f32>(input + at, 4);
    }
    this.transform();
    for (let k = 0; k <= half; k++) {
      const a = k == half ? 0 : k;
      const b = k == 0 ? 0 : half - k;
      const sumRe = this.re[a] + this.re[b];
      const sumIm = this.im[a] - this.im[b];
      const gapRe = this.re[a] - this.re[b];
      const gapIm = this.im[a] + this.im[b];
      const wRe = this.turns[k << 1];
      const wIm = this.turns[(k << 1) + 1];
      const re: f32 = 0.5 * (sumRe + wRe * gapIm + wIm * gapRe);
      const im: f32 = 0.5 * (sumIm - wRe * gapRe + wIm * gapIm);
      store<f32>(power + (<usize>k << 2), re * re + im * im);
    }
  }

  /** The complex FFT of re and im, in order. */
  private transform(): void {
    let turn = this.twiddles.pointer;
    let stride = 1;
    for (let rest = this.half; rest > 1; ) {
      const radix = radixOf(rest);
      const next = rest / radix;
      if (ASC_FEATURE_SIMD && stride >= 4) this.stage<v128>(radix, next, stride, turn);
      else this.stage<f32>(radix, next, stride, turn);
      turn += <usize>(next * (radix - 1)) << 3;
      stride *= radix;
      rest = next;
      const re = this.re;
      const im = this.im;
      this.re = this.otherRe;
      this.im = this.otherIm;
      this.otherRe = re;
      this.otherIm = im;
    }
  }

  private stage<T>(radix: i32, next: i32, stride: i32, turn: usize): void {
    const re = this.re.pointer;
    const im = this.im.pointer;
    const toRe = this.otherRe.pointer;
    const toIm = this.otherIm.pointer;
    const step = <usize>(next * stride) << 2;
    const row = <usize>stride << 2;
    for (let p = 0; p < next; p++) {
      const from = <usize>(p * stride) << 2;
      const to = <usize>(p * stride * radix) << 2;
      const w = turn + (<usize>(p * (radix - 1)) << 3);
      for (let q = 0; q < stride; q += lanes<T>()) {
        const at = <usize>q << 2;
        // The first stage is always radix 4, so that with SIMD no other one needs its scalar form.
        if (radix == 4 || (ASC_FEATURE_SIMD && !isVector<T>())) radix4<T>(re + from + at, im + from + at, step, toRe + to + at, toIm + to + at, row, w);
        else if (radix == 2) radix2<T>(re + from + at, im + from + at, step, toRe + to + at, toIm + to + at, row, w);
        else if (radix == 3) radix3<T>(re + from + at, im + from + at, step, toRe + to + at, toIm + to + at, row, w);
        else radix5<T>(re + from + at, im + from + at, step, toRe + to + at, toIm + to + at, row, w);
      }
    }
  }
}

function pushTurn(table: Floats, numerator: i32, denominator: i32): void {
  const angle = (-2 * Math.PI * <f64>numerator) / <f64>denominator;
  const at = table.length;
  table.resize(at + 2);
  table[at] = <f32>cos(angle);
  table[at + 1] = <f32>sin(angle);
}

/** Writes (re + i·im)·w. */
@inline function put<T>(toRe: usize, toIm: usize, re: T, im: T, w: usize): void {
  const wRe = splat<T>(load<f32>(w));
  const wIm = splat<T>(load<f32>(w, 4));
  store<T>(toRe, sub<T>(mul<T>(re, wRe), mul<T>(im, wIm)));
  store<T>(toIm, add<T>(mul<T>(re, wIm), mul<T>(im, wRe)));
}

@inline function radix2<T>(re: usize, im: usize, step: usize, toRe: usize, toIm: usize, row: usize, w: usize): void {
  const re0 = load<T>(re), im0 = load<T>(im);
  const re1 = load<T>(re + step), im1 = load<T>(im + step);
  store<T>(toRe, add<T>(re0, re1));
  store<T>(toIm, add<T>(im0, im1));
  put<T>(toRe + row, toIm + row, sub<T>(re0, re1), sub<T>(im0, im1), w);
}

@inline function radix4<T>(re: usize, im: usize, step: usize, toRe: usize, toIm: usize, row: usize, w: usize): void {
  const re0 = load<T>(re), im0 = load<T>(im);
  const re1 = load<T>(re + step), im1 = load<T>(im + step);
  const re2 = load<T>(re + 2 * step), im2 = load<T>(im + 2 * step);
  const re3 = load<T>(re + 3 * step), im3 = load<T>(im + 3 * step);
  const evenSumRe = add<T>(re0, re2), evenSumIm = add<T>(im0, im2);
  const evenGapRe = sub<T>(re0, re2), evenGapIm = sub<T>(im0, im2);
  const oddSumRe = add<T>(re1, re3), oddSumIm = add<T>(im1, im3);
  const oddGapRe = sub<T>(re1, re3), oddGapIm = sub<T>(im1, im3);
  store<T>(toRe, add<T>(evenSumRe, oddSumRe));
  store<T>(toIm, add<T>(evenSumIm, oddSumIm));
  // -i·(a + bi) = b - ai
  put<T>(toRe + row, toIm + row, add<T>(evenGapRe, oddGapIm), sub<T>(evenGapIm, oddGapRe), w);
  put<T>(toRe + 2 * row, toIm + 2 * row, sub<T>(evenSumRe, oddSumRe), sub<T>(evenSumIm, oddSumIm), w + 8);
  put<T>(toRe + 3 * row, toIm + 3 * row, sub<T>(evenGapRe, oddGapIm), add<T>(evenGapIm, oddGapRe), w + 16);
}

const sin3: f32 = 0.8660254037844386;

@inline function radix3<T>(re: usize, im: usize, step: usize, toRe: usize, toIm: usize, row: usize, w: usize): void {
  const re0 = load<T>(re), im0 = load<T>(im);
  const re1 = load<T>(re + step), im1 = load<T>(im + step);
  const re2 = load<T>(re + 2 * step), im2 = load<T>(im + 2 * step);
  const sumRe = add<T>(re1, re2), sumIm = add<T>(im1, im2);
  const gapRe = mul<T>(sub<T>(re1, re2), splat<T>(sin3)), gapIm = mul<T>(sub<T>(im1, im2), splat<T>(sin3));
  const midRe = sub<T>(re0, mul<T>(sumRe, splat<T>(0.5))), midIm = sub<T>(im0, mul<T>(sumIm, splat<T>(0.5)));
  store<T>(toRe, add<T>(re0, sumRe));
  store<T>(toIm, add<T>(im0, sumIm));
  put<T>(toRe + row, toIm + row, add<T>(midRe, gapIm), sub<T>(midIm, gapRe), w);
  put<T>(toRe + 2 * row, toIm + 2 * row, sub<T>(midRe, gapIm), add<T>(midIm, gapRe), w + 8);
}

const cos5: f32 = 0.30901699437494745;
const cos10: f32 = -0.8090169943749475;
const sin5: f32 = 0.9510565162951535;
const sin10: f32 = 0.5877852522924731;

@inline function radix5<T>(re: usize, im: usize, step: usize, toRe: usize, toIm: usize, row: usize, w: usize): void {
  const re0 = load<T>(re), im0 = load<T>(im);
  const re1 = load<T>(re + step), im1 = load<T>(im + step);
  const re2 = load<T>(re + 2 * step), im2 = load<T>(im + 2 * step);
  const re3 = load<T>(re + 3 * step), im3 = load<T>(im + 3 * step);
  const re4 = load<T>(re + 4 * step), im4 = load<T>(im + 4 * step);
  const aRe = add<T>(re1, re4), aIm = add<T>(im1, im4), bRe = sub<T>(re1, re4), bIm = sub<T>(im1, im4);
  const cRe = add<T>(re2, re3), cIm = add<T>(im2, im3), dRe = sub<T>(re2, re3), dIm = sub<T>(im2, im3);
  const k1 = splat<T>(cos5), k2 = splat<T>(cos10), s1 = splat<T>(sin5), s2 = splat<T>(sin10);
  const near1Re = add<T>(re0, add<T>(mul<T>(aRe, k1), mul<T>(cRe, k2)));
  const near1Im = add<T>(im0, add<T>(mul<T>(aIm, k1), mul<T>(cIm, k2)));
  const near2Re = add<T>(re0, add<T>(mul<T>(aRe, k2), mul<T>(cRe, k1)));
  const near2Im = add<T>(im0, add<T>(mul<T>(aIm, k2), mul<T>(cIm, k1)));
  const turn1Re = add<T>(mul<T>(bRe, s1), mul<T>(dRe, s2)), turn1Im = add<T>(mul<T>(bIm, s1), mul<T>(dIm, s2));
  const turn2Re = sub<T>(mul<T>(bRe, s2), mul<T>(dRe, s1)), turn2Im = sub<T>(mul<T>(bIm, s2), mul<T>(dIm, s1));
  store<T>(toRe, add<T>(re0, add<T>(aRe, cRe)));
  store<T>(toIm, add<T>(im0, add<T>(aIm, cIm)));
  put<T>(toRe + row, toIm + row, add<T>(near1Re, turn1Im), sub<T>(near1Im, turn1Re), w);
  put<T>(toRe + 2 * row, toIm + 2 * row, add<T>(near2Re, turn2Im), sub<T>(near2Im, turn2Re), w + 8);
  put<T>(toRe + 3 * row, toIm + 3 * row, sub<T>(near2Re, turn2Im), add<T>(near2Im, turn2Re), w + 16);
  put<T>(toRe + 4 * row, toIm + 4 * row, sub<T>(near1Re, turn1Im), add<T>(near1Im, turn1Re), w + 24);
}
