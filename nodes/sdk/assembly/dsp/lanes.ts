// One source for scalar and SIMD kernels: T is f32 (one lane) or v128 (four lanes of f32).

@inline export function lanes<T>(): i32 {
  return isVector<T>() ? 4 : 1;
}

@inline export function splat<T>(value: f32): T {
  if (isVector<T>()) return changetype<T>(f32x4.splat(value));
  return <T>value;
}

@inline export function add<T>(a: T, b: T): T {
  if (isVector<T>()) return changetype<T>(f32x4.add(changetype<v128>(a), changetype<v128>(b)));
  // @ts-ignore: T is f32 here
  return a + b;
}

@inline export function sub<T>(a: T, b: T): T {
  if (isVector<T>()) return changetype<T>(f32x4.sub(changetype<v128>(a), changetype<v128>(b)));
  // @ts-ignore: T is f32 here
  return a - b;
}

@inline export function mul<T>(a: T, b: T): T {
  if (isVector<T>()) return changetype<T>(f32x4.mul(changetype<v128>(a), changetype<v128>(b)));
  // @ts-ignore: T is f32 here
  return a * b;
}
