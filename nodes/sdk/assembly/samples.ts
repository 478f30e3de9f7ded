// Sample formats to and from floats in [-1, 1); 4 or 8 at a time where SIMD is on.
import { SampleFormat } from "./kinds";

const s16Scale: f32 = 32768;
const s32Scale: f64 = 2147483648;

/** Converts `count` samples at `source` to floats at `target`. */
export function toFloats(source: usize, format: SampleFormat, target: usize, count: i32): void {
  if (format == SampleFormat.F32) memory.copy(target, source, <usize>count << 2);
  else if (format == SampleFormat.S16) s16ToFloats(source, target, count);
  else s32ToFloats(source, target, count);
}

/** Converts `count` floats at `source` to samples at `target`; rounds to nearest, clips at full scale. */
export function fromFloats(source: usize, target: usize, format: SampleFormat, count: i32): void {
  if (format == SampleFormat.F32) memory.copy(target, source, <usize>count << 2);
  else if (format == SampleFormat.S16) floatsToS16(source, target, count);
  else floatsToS32(source, target, count);
}

function s16ToFloats(source: usize, target: usize, count: i32): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const scale = f32x4.splat(1 / s16Scale);
    for (; i + 4 <= count; i += 4) {
      const wide = v128.load_ext<i16>(source + (<usize>i << 1));
      v128.store(target + (<usize>i << 2), f32x4.mul(f32x4.convert_i32x4_s(wide), scale));
    }
  }
  for (; i < count; i++) {
    store<f32>(target + (<usize>i << 2), <f32>load<i16>(source + (<usize>i << 1)) * (1 / s16Scale));
  }
}

function s32ToFloats(source: usize, target: usize, count: i32): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const scale = f32x4.splat(<f32>(1 / s32Scale));
    for (; i + 4 <= count; i += 4) {
      const at = <usize>i << 2;
      v128.store(target + at, f32x4.mul(f32x4.convert_i32x4_s(v128.load(source + at)), scale));
    }
  }
  for (; i < count; i++) {
    const at = <usize>i << 2;
    store<f32>(target + at, <f32>load<i32>(source + at) * <f32>(1 / s32Scale));
  }
}

function floatsToS16(source: usize, target: usize, count: i32): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const scale = f32x4.splat(s16Scale);
    for (; i + 8 <= count; i += 8) {
      const at = source + (<usize>i << 2);
      const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at), scale)));
      const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at, 16), scale)));
      v128.store(target + (<usize>i << 1), i16x8.narrow_i32x4_s(low, high));
    }
  }
  for (; i < count; i++) {
    const scaled = nearest(load<f32>(source + (<usize>i << 2)) * s16Scale);
    // NaN becomes 0, as trunc_sat does.
    const clipped: f32 = scaled != scaled ? 0 : max<f32>(-32768, min<f32>(32767, scaled));
    store<i16>(target + (<usize>i << 1), <i16>clipped);
  }
}

function floatsToS32(source: usize, target: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 2;
    const scaled = nearest(<f64>load<f32>(source + at) * s32Scale);
    const clipped: f64 = scaled != scaled ? 0 : max<f64>(-2147483648, min<f64>(2147483647, scaled));
    store<i32>(target + at, <i32>clipped);
  }
}
