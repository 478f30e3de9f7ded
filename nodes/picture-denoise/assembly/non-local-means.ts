// NonLocalMeans: each pixel as the mean of those in its neighbourhood whose surroundings look the same.
// Buades, Coll, Morel: "A non-local algorithm for image denoising", CVPR 2005; the distances of one shift at a time are summed by an
// integral image, as Darbon et al. 2008 do, so that the size of a patch costs nothing.

const steps: i32 = 1024;
/** Beyond this many times the squared strength a pixel doesn't count: e^-8. */
const reach: f64 = 8;

export class NonLocalMeans {
  private readonly colours: i32;
  /** Of squared differences, (width + 1) × (height + 1), modulo 2^32: differences of sums come out right all the same. */
  private readonly sums: usize;
  private readonly total: usize;
  private readonly weight: usize;
  private readonly table: StaticArray<f32> = new StaticArray<f32>(steps + 1);
  private readonly scale: f32;

  constructor(
    private readonly width: i32,
    private readonly height: i32,
    private readonly channels: i32,
    private readonly patch: i32,
    private readonly search: i32,
    strength: f64,
  ) {
    this.colours = min(channels, 3);
    const area = width * height;
    this.sums = heap.alloc(<usize>((width + 1) * (height + 1) * 4));
    this.total = heap.alloc(<usize>(area * this.colours * 4));
    this.weight = heap.alloc(<usize>(area * 4));
    for (let i = 0; i < steps; i++) this.table[i] = <f32>Math.exp((-reach * i) / steps);
    this.table[steps] = 0;
    this.scale = <f32>(steps / (reach * strength * strength * <f64>this.colours));
  }

  release(): void {
    heap.free(this.sums);
    heap.free(this.total);
    heap.free(this.weight);
  }

  /** Writes the cleaned colours of `source` to `target`; both are of the size and channels given. */
  clean(source: usize, target: usize): void {
    const area = this.width * this.height;
    memory.fill(this.total, 0, <usize>(area * this.colours * 4));
    memory.fill(this.weight, 0, <usize>(area * 4));
    for (let dy = -this.search; dy <= this.search; dy++) {
      for (let dx = -this.search; dx <= this.search; dx++) {
        this.compare(source, dx, dy);
        this.gather(source, dx, dy);
      }
    }
    for (let i = 0; i < area; i++) {
      // The pixel itself always counts, so no weight is 0.
      const weight = load<f32>(this.weight + (<usize>i << 2));
      for (let c = 0; c < this.colours; c++) {
        const mean = load<f32>(this.total + (<usize>(i * this.colours + c) << 2)) / weight;
        store<u8>(target + <usize>(i * this.channels + c), <u8>(mean + 0.5));
      }
    }
  }

  /** Sums the squared differences between the picture and itself, shifted; beyond an edge its last pixel is repeated. */
  private compare(source: usize, dx: i32, dy: i32): void {
    const stride = <usize>(this.width + 1) << 2;
    memory.fill(this.sums, 0, stride);
    for (let y = 0; y < this.height; y++) {
      const row = source + <usize>(y * this.width * this.channels);
      const other = source + <usize>(clamp(y + dy, this.height) * this.width * this.channels);
      let above = this.sums + <usize>y * stride;
      store<u32>(above + stride, 0);
      let line: u32 = 0;
      for (let x = 0; x < this.width; x++) {
        const a = row + <usize>(x * this.channels);
        const b = other + <usize>(clamp(x + dx, this.width) * this.channels);
        for (let c = 0; c < this.colours; c++) {
          const gap = <i32>load<u8>(a + c) - <i32>load<u8>(b + c);
          line += <u32>(gap * gap);
        }
        above += 4;
        store<u32>(above + stride, load<u32>(above) + line);
      }
    }
  }

  /** Adds the shifted picture, each pixel by how alike its patch is. */
  private gather(source: usize, dx: i32, dy: i32): void {
    const stride = <usize>(this.width + 1) << 2;
    for (let y = 0; y < this.height; y++) {
      const top = max(0, y - this.patch);
      const bottom = min(this.height, y + this.patch + 1);
      const upper = this.sums + <usize>top * stride;
      const lower = this.sums + <usize>bottom * stride;
      const other = source + <usize>(clamp(y + dy, this.height) * this.width * this.channels);
      for (let x = 0; x < this.width; x++) {
        const left = max(0, x - this.patch);
        const right = min(this.width, x + this.patch + 1);
        const from = <usize>left << 2;
        const to = <usize>right << 2;
        const sum = load<u32>(lower + to) - load<u32>(lower + from) - load<u32>(upper + to) + load<u32>(upper + from);
        const step = <i32>((<f32>sum * this.scale) / <f32>((right - left) * (bottom - top)));
        if (step >= steps) continue;
        const weight = unchecked(this.table[step]);
        const at = y * this.width + x;
        const weights = this.weight + (<usize>at << 2);
        store<f32>(weights, load<f32>(weights) + weight);
        const pixel = other + <usize>(clamp(x + dx, this.width) * this.channels);
        const totals = this.total + (<usize>(at * this.colours) << 2);
        for (let c = 0; c < this.colours; c++) {
          const slot = totals + (<usize>c << 2);
          store<f32>(slot, load<f32>(slot) + weight * <f32>load<u8>(pixel + c));
        }
      }
    }
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function clamp(at: i32, size: i32): i32 {
  return max(0, min(size - 1, at));
}
