// VideoResize against a float64 reference, MotionDetector on drawn scenes.
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame, PixelFormat } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode } from "./load-node.ts";
import { jsonOf, noise } from "./signals.ts";

let resizer: () => LoadedNode;
let motion: () => LoadedNode;

beforeAll(async () => {
  resizer = await loadNode("VideoResize");
  motion = await loadNode("MotionDetector");
});

function picture(width: number, height: number, format: PixelFormat, data: Uint8Array, pts = 0): Frame {
  return { port: "in", pts, payload: { kind: "video", width, height, format }, data };
}

function resize(frame: Frame, params: object): Frame {
  const node = resizer();
  node.open(params);
  return node.process(frame)[0]!;
}

/** Weights of source positions for one output position, as areas or as linear interpolation. */
function weights(source: number, target: number, at: number, area: boolean): Map<number, number> {
  const step = source / target;
  const found = new Map<number, number>();
  if (area && step > 1) {
    for (let s = Math.floor(at * step); s < Math.min(source, Math.ceil((at + 1) * step)); s++) {
      found.set(s, (Math.min(s + 1, (at + 1) * step) - Math.max(s, at * step)) / step);
    }
    return found;
  }
  const centre = Math.max(0, Math.min(source - 1, (at + 0.5) * step - 0.5));
  const low = Math.floor(centre);
  found.set(low, 1 - (centre - low));
  if (centre > low) found.set(low + 1, centre - low);
  return found;
}

type Plane = readonly [data: Uint8Array, width: number, height: number, components: number];

function reference(
  [data, width, height, components]: Plane,
  toWidth: number,
  toHeight: number,
  area: boolean,
): number[] {
  const out: number[] = [];
  for (let y = 0; y < toHeight; y++) {
    const rows = weights(height, toHeight, y, area);
    for (let x = 0; x < toWidth; x++) {
      const columns = weights(width, toWidth, x, area);
      for (let c = 0; c < components; c++) {
        let sum = 0;
        for (const [sy, wy] of rows) {
          for (const [sx, wx] of columns) sum += wy * wx * data[(sy * width + sx) * components + c]!;
        }
        out.push(sum);
      }
    }
  }
  return out;
}

function planes(width: number, height: number, format: PixelFormat, data: Uint8Array): Plane[] {
  const half = [(width + 1) >> 1, (height + 1) >> 1] as const;
  const luma = data.subarray(0, width * height);
  const chroma = half[0] * half[1];
  if (format === "nv12")
    return [
      [luma, width, height, 1],
      [data.subarray(width * height), ...half, 2],
    ];
  if (format === "i420") {
    const u = data.subarray(width * height, width * height + chroma);
    return [
      [luma, width, height, 1],
      [u, ...half, 1],
      [data.subarray(width * height + chroma), ...half, 1],
    ];
  }
  return [[data, width, height, { gray8: 1, rgb24: 3, rgba32: 4 }[format]]];
}

function sizeOf(width: number, height: number, format: PixelFormat): number {
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1) * 2;
  return (
    { gray8: 1, rgb24: 3, rgba32: 4, i420: 1, nv12: 1 }[format] * width * height +
    (format === "i420" || format === "nv12" ? chroma : 0)
  );
}

const sizes: [from: string, to: string][] = [
  ["64x48", "32x24"],
  ["97x61", "31x20"],
  ["33x17", "64x48"],
  ["40x40", "17x63"],
  ["5x3", "1x1"],
  ["1x1", "7x5"],
];
const pair = (size: string) => size.split("x").map(Number) as [number, number];

describe.each(["gray8", "rgb24", "rgba32", "i420", "nv12"] as const)("VideoResize, %s", (format) => {
  test.each(sizes)("%s to %s is within one step of the reference, both filters", (from, to) => {
    const [width, height] = pair(from);
    const [toWidth, toHeight] = pair(to);
    const data = Uint8Array.from(noise(sizeOf(width, height, format), 5), (x) => Math.floor((x + 1) * 128));
    for (const filter of ["auto", "bilinear"] as const) {
      const out = resize(picture(width, height, format, data), { width: toWidth, height: toHeight, filter });
      expect(out.payload).toEqual({ kind: "video", width: toWidth, height: toHeight, format });
      const expected = planes(width, height, format, data).flatMap((plane, i) =>
        reference(
          plane,
          i === 0 ? toWidth : (toWidth + 1) >> 1,
          i === 0 ? toHeight : (toHeight + 1) >> 1,
          filter === "auto",
        ),
      );
      expect(out.data).toHaveLength(expected.length);
      const worst = Math.max(...expected.map((x, i) => Math.abs(x - out.data[i]!)));
      expect(worst).toBeLessThan(1);
    }
  });

  test("a flat picture stays exactly flat", () => {
    const data = new Uint8Array(sizeOf(50, 34, format)).fill(201);
    const out = resize(picture(50, 34, format, data), { width: 23, height: 29 });
    expect(out.data.every((x) => x === 201)).toBe(true);
  });
});

describe("VideoResize", () => {
  test("keeps the shape when only one side is given, and changes with the input", () => {
    const node = resizer();
    node.open({ height: 100 });
    const out = (width: number, height: number) =>
      node.process(picture(width, height, "gray8", new Uint8Array(width * height)))[0]!.payload;
    expect(out(640, 200)).toMatchObject({ width: 320, height: 100 });
    expect(out(150, 300)).toMatchObject({ width: 50, height: 100 });
  });

  test("needs a size, and refuses pictures whose data doesn't fit", () => {
    expect(() => resize(picture(2, 2, "gray8", new Uint8Array(4)), {})).toThrow("width or height is needed");
    expect(() => resize(picture(2, 2, "gray8", new Uint8Array(5)), { width: 4 })).toThrow(
      "doesn't match its size",
    );
  });

  test("its memory stays flat over changing sizes", () => {
    const node = resizer();
    node.open({ width: 64 });
    const feed = (count: number) => {
      for (let i = 0; i < count; i++) {
        const width = 80 + (i % 7) * 16;
        node.process(picture(width, 40, "i420", new Uint8Array(sizeOf(width, 40, "i420"))));
      }
    };
    feed(50);
    const before = node.memoryBytes();
    feed(2000);
    expect(node.memoryBytes()).toBe(before);
  });
});

describe("MotionDetector", () => {
  const width = 160;
  const height = 120;

  /** A grey room with noise; a bright box at `boxX` when it is given. */
  function scene(pts: number, boxX: number | undefined, light = 80): Frame {
    const grain = noise(width * height, pts + 1);
    const data = Uint8Array.from(grain, (x, i) => {
      const inside = boxX !== undefined && i % width >= boxX && i % width < boxX + 30;
      const row = Math.floor(i / width);
      return light + x * 8 + (inside && row >= 40 && row < 80 ? 100 : 0);
    });
    return picture(width, height, "gray8", data, pts);
  }

  function watch(frames: Frame[], params: object = {}): Frame[] {
    const node = motion();
    node.open(params);
    return [...frames.flatMap((frame) => node.process(frame)), ...node.flush()];
  }

  const walk = Array.from({ length: 60 }, (_, i) => {
    const moving = i >= 10 && i < 25;
    return scene(i * 40_000, moving ? (i - 10) * 6 : undefined);
  });

  test("says when and where something moves, and lets those pictures through", () => {
    const out = watch(walk, { hold_ms: 400, learning_rate: 0.5 });
    const events = out.filter((frame) => frame.port === "events").map(jsonOf);
    expect(events.map((event) => event["event"])).toEqual(["motion_start", "motion_end"]);
    expect(events[0]).toMatchObject({ start_us: 400_000 });
    const box = events[1]!["box"] as Record<"x" | "y" | "width" | "height", number>;
    expect(box.x).toBeLessThanOrEqual(2);
    expect(box.x + box.width).toBeGreaterThanOrEqual(110);
    expect(box.y).toBeGreaterThanOrEqual(36);
    expect(box.y + box.height).toBeLessThanOrEqual(84);
    const passed = out.filter((frame) => frame.port === "out");
    expect(passed[0]).toEqual({ ...walk[10]!, port: "out" });
    expect(passed.length).toBeGreaterThanOrEqual(15);
    expect(passed.length).toBeLessThan(40);
  });

  test("sees no motion in noise, nor when the light changes", () => {
    const still = Array.from({ length: 40 }, (_, i) => scene(i * 40_000, undefined, i < 20 ? 80 : 120));
    expect(watch(still)).toEqual([]);
  });

  test("ignores what is smaller than min_area", () => {
    expect(watch(walk, { min_area: 0.5 })).toEqual([]);
  });

  test.each(["rgb24", "rgba32", "i420", "nv12"] as const)("sees it in %s as well", (format) => {
    const convert = (frame: Frame): Frame => {
      const components = format === "rgb24" ? 3 : format === "rgba32" ? 4 : 1;
      const data = new Uint8Array(sizeOf(width, height, format)).fill(128);
      for (let i = 0; i < width * height * components; i++) data[i] = frame.data[Math.floor(i / components)]!;
      return picture(width, height, format, data, frame.pts);
    };
    const events = watch(walk.map(convert)).filter((frame) => frame.port === "events");
    expect(events).toHaveLength(2);
  });

  test("ends the motion at the end of the input", () => {
    const events = watch(walk.slice(0, 20)).filter((frame) => frame.port === "events");
    expect(jsonOf(events[1]!)).toMatchObject({ event: "motion_end", end_us: 19 * 40_000 });
  });
});
