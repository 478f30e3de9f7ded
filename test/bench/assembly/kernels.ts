// Kernels for the cost of fuel (AssemblyScript): each call does a few milliseconds of work and gives a checksum. Arrays are
// accessed without checks, as compiled C does.

const K: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
];
const W = new StaticArray<u32>(64);
const H = new StaticArray<u32>(8);
const blocks = 2048;

/** SHA-256's compression over 128 KiB of a counter. */
export function sha256(): u32 {
  for (let i = 0; i < 8; i++) unchecked((H[i] = 0x6a09e667 + i));
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) unchecked((W[i] = block * 16 + i));
    for (let i = 16; i < 64; i++) {
      const a = unchecked(W[i - 15]);
      const b = unchecked(W[i - 2]);
      const mixed = (rotr<u32>(a, 7) ^ rotr<u32>(a, 18) ^ (a >>> 3)) + (rotr<u32>(b, 17) ^ rotr<u32>(b, 19) ^ (b >>> 10));
      unchecked((W[i] = W[i - 16] + W[i - 7] + mixed));
    }
    let a = unchecked(H[0]),
      b = unchecked(H[1]),
      c = unchecked(H[2]),
      d = unchecked(H[3]),
      e = unchecked(H[4]),
      f = unchecked(H[5]),
      g = unchecked(H[6]),
      h = unchecked(H[7]);
    for (let i = 0; i < 64; i++) {
      const t1 =
        h + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + ((e & f) ^ (~e & g)) + unchecked(K[i]) + unchecked(W[i]);
      const t2 = (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    unchecked((H[0] += a));
    unchecked((H[1] += b));
    unchecked((H[2] += c));
    unchecked((H[3] += d));
    unchecked((H[4] += e));
    unchecked((H[5] += f));
    unchecked((H[6] += g));
    unchecked((H[7] += h));
  }
  return unchecked(H[0]);
}

const n = 128;
const A = new StaticArray<f64>(n * n);
const B = new StaticArray<f64>(n * n);
const C = new StaticArray<f64>(n * n);

/** A product of two 128×128 matrices. */
export function matmul(): u32 {
  for (let i = 0; i < n * n; i++) {
    A[i] = <f64>(i & 31);
    B[i] = <f64>(i & 15);
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum: f64 = 0;
      for (let k = 0; k < n; k++) sum += unchecked(A[i * n + k]) * unchecked(B[k * n + j]);
      unchecked((C[i * n + j] = sum));
    }
  }
  return <u32>C[n + 1];
}

const points = 4096;
const re = new StaticArray<f64>(points);
const im = new StaticArray<f64>(points);
const cosines = new StaticArray<f64>(points / 2);
const sines = new StaticArray<f64>(points / 2);
for (let i = 0; i < points / 2; i++) {
  cosines[i] = Math.cos((-2 * Math.PI * i) / points);
  sines[i] = Math.sin((-2 * Math.PI * i) / points);
}

/** Ten radix-2 FFTs of 4096 points. */
export function fft(): u32 {
  for (let pass = 0; pass < 10; pass++) {
    for (let i = 0; i < points; i++) {
      re[i] = <f64>((i * 7919) & 1023);
      im[i] = 0;
    }
    for (let i = 1, j = 0; i < points; i++) {
      let bit = points >> 1;
      for (; (j & bit) != 0; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        const t = re[i];
        re[i] = re[j];
        re[j] = t;
      }
    }
    for (let length = 2; length <= points; length <<= 1) {
      const half = length >> 1;
      const step = points / length;
      for (let start = 0; start < points; start += length) {
        for (let k = 0; k < half; k++) {
          const wr = unchecked(cosines[k * step]);
          const wi = unchecked(sines[k * step]);
          const low = start + k;
          const high = low + half;
          const xr = unchecked(re[high]) * wr - unchecked(im[high]) * wi;
          const xi = unchecked(re[high]) * wi + unchecked(im[high]) * wr;
          unchecked((re[high] = re[low] - xr));
          unchecked((im[high] = im[low] - xi));
          unchecked((re[low] += xr));
          unchecked((im[low] += xi));
        }
      }
    }
  }
  return <u32>re[1];
}
