// PictureDenoise against non-local means by the book, and on a noisy scene.
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame, PixelFormat } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode } from "./load-node.ts";
import { noise } from "./signals.ts";

let makeNode: () => LoadedNode;

beforeAll(async () => {
  makeNode = await loadNode("PictureDenoise");
});

function picture(width: number, height: number, format: PixelFormat, data: Uint8Array): Frame {
  return { port: "in", pts: 5, payload: { kind: "video", width, height, format }, data };
}

function clean(frame: Frame, params: object): Uint8Array {
  const node = makeNode();
  node.open(params);
  const [out, ...others] = node.process(frame);
  expect(others).toEqual([]);
  expect(out).toMatchObject({ port: "out", pts: 5, payload: frame.payload });
  return out!.data;
}

/** Each sum in float64 and pixel by pixel, with the last pixel repeated beyond an edge. */
function byTheBook(
  data: Uint8Array,
  [width, height]: readonly [number, number],
  { strength, patch, search }: { strength: number; patch: number; search: number },
): number[] {
  const at = (x: number, y: number) =>
    data[Math.max(0, Math.min(height - 1, y)) * width + Math.max(0, Math.min(width - 1, x))]!;
  return Array.from(data, (_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    let [total, weights] = [0, 0];
    for (let dy = -search; dy <= search; dy++) {
      for (let dx = -search; dx <= search; dx++) {
        let [sum, count] = [0, 0];
        for (let py = Math.max(0, y - patch); py <= Math.min(height - 1, y + patch); py++) {
          for (let px = Math.max(0, x - patch); px <= Math.min(width - 1, x + patch); px++) {
            sum += (at(px, py) - at(px + dx, py + dy)) ** 2;
            count += 1;
          }
        }
        const distance = sum / count / strength ** 2;
        const weight = distance < 8 ? Math.exp(-distance) : 0;
        weights += weight;
        total += weight * at(x + dx, y + dy);
      }
    }
    return total / weights;
  });
}

function noisyScene(width: number, height: number): { truth: Uint8Array; seen: Uint8Array } {
  const truth = Uint8Array.from({ length: width * height }, (_, index) =>
    (index % width) * 2 < width ? 60 : 170,
  );
  // Three uniform sums are near enough to a normal distribution of deviation 12.
  const grain = noise(truth.length * 3, 7);
  const seen = truth.map((level, i) =>
    Math.max(0, Math.min(255, level + 12 * (grain[3 * i]! + grain[3 * i + 1]! + grain[3 * i + 2]!))),
  );
  return { truth, seen };
}

function meanSquare(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, level, index) => sum + (level - other[index]!) ** 2, 0) / one.length;
}

describe("PictureDenoise", () => {
  test.each([
    { strength: 12, patch: 1, search: 3 },
    { strength: 30, patch: 2, search: 2 },
    { strength: 5, patch: 0, search: 4 },
  ])("is within a level of the formula at $strength, $patch, $search", ({ strength, patch, search }) => {
    const { seen } = noisyScene(17, 13);
    const params = { strength, patch_radius: patch, search_radius: search };
    const expected = byTheBook(seen, [17, 13], { strength, patch, search });
    clean(picture(17, 13, "gray8", seen), params).forEach((level, index) => {
      expect(Math.abs(level - expected[index]!), `pixel ${index}`).toBeLessThanOrEqual(1);
    });
  });

  test("takes out four fifths of the noise and keeps the edge", () => {
    const { truth, seen } = noisyScene(64, 48);
    const cleaned = clean(picture(64, 48, "gray8", seen), {});
    expect(meanSquare(cleaned, truth)).toBeLessThan(meanSquare(seen, truth) / 5);
    const row = cleaned.subarray(24 * 64, 25 * 64);
    expect(row[33]! - row[30]!).toBeGreaterThan(90);
  });

  test("leaves the colours of i420 and the alpha of rgba32 as they are", () => {
    const { seen } = noisyScene(8, 6);
    const chroma = Uint8Array.from({ length: 2 * 4 * 3 }, (_, index) => 100 + index);
    const planar = clean(picture(8, 6, "i420", new Uint8Array([...seen, ...chroma])), {});
    expect(planar.subarray(48)).toEqual(chroma);
    const pixels = Uint8Array.from({ length: 8 * 6 * 4 }, (_, index) =>
      index % 4 === 3 ? index % 251 : seen[Math.floor(index / 4)]!,
    );
    const packed = clean(picture(8, 6, "rgba32", pixels), {});
    packed.forEach((level, index) => {
      if (index % 4 === 3) expect(level).toBe(pixels[index]);
    });
  });

  test("treats each picture alike, whatever came before and whatever its size", () => {
    const { seen } = noisyScene(16, 12);
    const alone = clean(picture(16, 12, "gray8", seen), {});
    const node = makeNode();
    node.open({});
    node.process(picture(4, 3, "rgb24", new Uint8Array(36).fill(9)));
    expect(node.process(picture(16, 12, "gray8", seen))[0]!.data).toEqual(alone);
    expect(node.process(picture(16, 12, "gray8", seen))[0]!.data).toEqual(alone);
  });
});
