// The counter in the picture: read back after what pictures go through, and never wrongly.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawCounter, readCounter } from "../../../../agent/native/synthetic/frame-counter.ts";
import { TestPicture } from "../../../../agent/native/synthetic/test-picture.ts";
import { pixelFormats } from "../../../../agent/node/frame.ts";
import { pictureBytes } from "../../../../agent/node/payload-check.ts";

const counts = [0, 1, 2, 255, 256, 65_535, 123_456_789, 2 ** 31, 2 ** 32 - 1];
const sizes = [
  [64, 48],
  [160, 120],
  [320, 240],
  [640, 480],
  [1280, 720],
  [1920, 1080],
] as const;

function ffmpeg(args: readonly string[], input: Uint8Array): Uint8Array {
  const options = { input, maxBuffer: 64 * 1024 * 1024 };
  const { status, stdout, stderr } = spawnSync("ffmpeg", ["-v", "error", ...args], options);
  if (status !== 0) expect.fail(String(stderr));
  return new Uint8Array(stdout);
}

/** The counters of i420 pictures that lie one after another. */
function countersIn(bytes: Uint8Array, width: number, height: number): (number | undefined)[] {
  const size = pictureBytes(width, height, "i420");
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => {
    const data = bytes.subarray(index * size, (index + 1) * size);
    return readCounter({ width, height, format: "i420", data });
  });
}

describe("The counter", () => {
  it.each(pixelFormats)("is read as it was drawn, at every size, as %s", (format) => {
    for (const [width, height] of sizes) {
      const picture = new TestPicture({ width, height, format });
      const read = counts.map((count) => {
        return readCounter({ width, height, format, data: picture.draw(count, 700_000) });
      });
      expect(read, `${width}x${height}`).toEqual(counts);
    }
  });

  it("counts modulo 2³²", () => {
    const picture = new TestPicture({ width: 64, height: 48, format: "gray8" });
    const data = picture.draw(2 ** 32 + 5, 0);
    expect(readCounter({ width: 64, height: 48, format: "gray8", data })).toBe(5);
  });

  it.each([
    ["H.264", ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "26", "-f", "h264"], "h264"],
    ["MJPEG", ["-c:v", "mjpeg", "-q:v", "8", "-pix_fmt", "yuvj420p", "-f", "mjpeg"], "mjpeg"],
  ])("survives %s at ordinary quality, then also scaling by a half and by two", (_, encode, format) => {
    const [width, height] = [640, 480];
    const picture = new TestPicture({ width, height, format: "i420" });
    const wanted = Array.from({ length: 12 }, (_, index) => 1_000_003 + index * 7919);
    const raw = Buffer.concat(wanted.map((count, index) => picture.draw(count, index * 33_333)));
    const rawArgs = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`, "-i", "-"];
    const coded = ffmpeg([...rawArgs, ...encode, "-"], raw);
    for (const scale of [1, 0.5, 2]) {
      const size = [width * scale, height * scale] as const;
      const decode = ["-f", format, "-i", "-", "-vf", `scale=${size[0]}:${size[1]}`];
      const decoded = ffmpeg([...decode, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"], coded);
      expect(countersIn(decoded, ...size), `times ${scale}`).toEqual(wanted);
    }
  });

  it("isn't there in pictures of one brightness, in noise and in half-mixed pictures", () => {
    const [width, height, format] = [640, 480, "gray8"] as const;
    const area = width * height;
    for (const level of [0, 16, 128, 235, 255]) {
      const data = new Uint8Array(area).fill(level);
      expect(readCounter({ width, height, format, data })).toBeUndefined();
    }
    const picture = new TestPicture({ width, height, format });
    const [one, other] = [picture.draw(0, 0), picture.draw(0xffff_ffff, 0)];
    const data = one.map((luma, index) => (luma + other[index]!) / 2);
    expect(readCounter({ width, height, format, data })).toBeUndefined();
  });

  it("is undefined rather than wrong when up to three cells flip", () => {
    const [width, height, format] = [64, 48, "gray8"] as const;
    fc.assert(
      fc.property(
        fc.nat(0xffff_ffff),
        fc.uniqueArray(fc.nat(39), { minLength: 1, maxLength: 3 }),
        (count, cells) => {
          const canvas = { width, height, format, data: new Uint8Array(width * height) };
          drawCounter(canvas, count);
          for (const cell of cells) {
            const [x, y] = [(cell % 8) * 8, 8 + Math.floor(cell / 8) * 8];
            for (let row = y; row < y + 8; row++) {
              for (let column = x; column < x + 8; column++) canvas.data[row * width + column]! ^= 255;
            }
          }
          expect(readCounter(canvas)).toBeUndefined();
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("never reads outside a picture, however small", () => {
    for (const [width, height] of [
      [1, 1],
      [3, 2],
      [15, 300],
      [300, 7],
    ] as const) {
      const data = new Uint8Array(pictureBytes(width, height, "i420"));
      expect(readCounter({ width, height, format: "i420", data })).toBeUndefined();
    }
  });
});
