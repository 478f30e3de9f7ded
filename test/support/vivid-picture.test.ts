// The reading of the virtual camera's picture, on pictures drawn with the same font.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawVividText, type RgbPicture, readVividBars, readVividStamp, vividBars } from "./vivid-picture.ts";

const colors: Readonly<Record<(typeof vividBars)[number], readonly number[]>> = {
  white: [191, 191, 191],
  yellow: [191, 191, 0],
  cyan: [0, 191, 191],
  green: [0, 191, 0],
  magenta: [191, 0, 191],
  red: [191, 0, 0],
  blue: [0, 0, 191],
  black: [0, 0, 0],
};

function drawBars(width = 320, height = 180): RgbPicture {
  const data = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at++) {
    const bar = vividBars[Math.floor(((at % width) * vividBars.length) / width)]!;
    data.set(colors[bar], 3 * at);
  }
  return { width, height, data };
}

describe("the virtual camera's picture", () => {
  it("tells its clock and its counter, whatever they show", () => {
    const digits = fc.integer({ min: 0, max: 59 });
    fc.assert(
      fc.property(digits, digits, digits, fc.nat(999), fc.nat(2 ** 32 - 1), (h, m, s, ms, sequence) => {
        const picture = drawBars();
        const two = (number: number) => String(number).padStart(2, "0");
        drawVividText(picture, ` ${two(h)}:${two(m)}:${two(s)}:${String(ms).padStart(3, "0")} ${sequence} `);
        expect(readVividStamp(picture)).toEqual({ timeMs: ((h * 60 + m) * 60 + s) * 1000 + ms, sequence });
      }),
      { numRuns: 50 },
    );
  });

  it("is not read where it has no text, half of it, or none at all", () => {
    expect(readVividStamp(drawBars())).toBeUndefined();
    const half = drawBars();
    drawVividText(half, " 00:00:05:804");
    expect(readVividStamp(half)).toBeUndefined();
    expect(readVividStamp({ width: 320, height: 180, data: new Uint8Array(0) })).toBeUndefined();
    expect(readVividStamp(drawBars(8, 8))).toBeUndefined();
  });

  it("has eight bars by colour", () => {
    expect(readVividBars(drawBars())).toEqual(vividBars);
    expect(readVividBars({ width: 320, height: 180, data: new Uint8Array(3 * 320 * 180) })).not.toEqual(
      vividBars,
    );
  });
});
