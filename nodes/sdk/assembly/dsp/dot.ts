// Sums over floats: dot product, energy and peak. Lengths may be anything; multiples of 8 run fastest.

/** Σ a[i]·b[i] */
export function dot(a: usize, b: usize, count: i32): f32 {
  let sum: f32 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let even = f32x4.splat(0);
    let odd = f32x4.splat(0);
    for (; i + 8 <= count; i += 8) {
      const at = <usize>i << 2;
      even = f32x4.add(even, f32x4.mul(v128.load(a + at), v128.load(b + at)));
      odd = f32x4.add(odd, f32x4.mul(v128.load(a + at, 16), v128.load(b + at, 16)));
    }
    sum = sumLanes(f32x4.add(even, odd));
  }
  for (; i < count; i++) {
    const at = <usize>i << 2;
    sum += load<f32>(a + at) * load<f32>(b + at);
  }
  return sum;
}

/** Σ x[i]², summed so that hours of samples in one call would not lose precision. */
export function energy(x: usize, count: i32): f64 {
  const block = 4096;
  let sum: f64 = 0;
  for (let i = 0; i < count; i += block) {
    const at = x + (<usize>i << 2);
    sum += <f64>dot(at, at, min(block, count - i));
  }
  return sum;
}

/** The largest |x[i]|; 0 when there are none. */
export function peak(x: usize, count: i32): f32 {
  let top: f32 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let tops = f32x4.splat(0);
    for (; i + 4 <= count; i += 4) tops = f32x4.max(tops, f32x4.abs(v128.load(x + (<usize>i << 2))));
    const low = max(f32x4.extract_lane(tops, 0), f32x4.extract_lane(tops, 1));
    top = max(low, max(f32x4.extract_lane(tops, 2), f32x4.extract_lane(tops, 3)));
  }
  for (; i < count; i++) top = max(top, abs(load<f32>(x + (<usize>i << 2))));
  return top;
}

@inline function sumLanes(v: v128): f32 {
  const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
  return low + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
