// Rectangles of one colour in a picture of any pixel format. Web-standard.
import type { PixelFormat } from "../../node/frame.ts";

/** A picture that can be drawn into. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  readonly data: Uint8Array;
}

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Fills what of the rectangle lies in the picture. Chroma that it shares with its neighbours becomes its own. */
export function fillRectangle(canvas: Canvas, rectangle: Rectangle, colour: Colour): void {
  const left = Math.max(0, rectangle.x);
  const top = Math.max(0, rectangle.y);
  const right = Math.min(canvas.width, rectangle.x + rectangle.width);
  const bottom = Math.min(canvas.height, rectangle.y + rectangle.height);
  if (right <= left || bottom <= top) return;
  for (const plane of planesOf(canvas, colour)) {
    const { shrink, pixel } = plane;
    fillPlane(canvas.data, plane, {
      left: Math.floor(left / shrink) * pixel.length,
      top: Math.floor(top / shrink),
      right: Math.ceil(right / shrink) * pixel.length,
      bottom: Math.ceil(bottom / shrink),
    });
  }
}

interface Plane {
  /** Where it begins, and bytes of a row. */
  readonly first: number;
  readonly stride: number;
  /** Pixels a side that share one of its own. */
  readonly shrink: 1 | 2;
  /** The colour, as one of its pixels has it. */
  readonly pixel: readonly number[];
}

function planesOf({ format, width, height }: Canvas, colour: Colour): Plane[] {
  if (format === "rgb24") return [{ first: 0, stride: width * 3, shrink: 1, pixel: colour }];
  if (format === "rgba32") return [{ first: 0, stride: width * 4, shrink: 1, pixel: [...colour, 255] }];
  const { y, u, v } = toYuv(colour);
  const luma: Plane = { first: 0, stride: width, shrink: 1, pixel: [y] };
  if (format === "gray8") return [luma];
  const [area, half] = [width * height, Math.ceil(width / 2)];
  if (format === "nv12") return [luma, { first: area, stride: half * 2, shrink: 2, pixel: [u, v] }];
  const next = area + half * Math.ceil(height / 2);
  return [
    luma,
    { first: area, stride: half, shrink: 2, pixel: [u] },
    { first: next, stride: half, shrink: 2, pixel: [v] },
  ];
}

/** Brightness of a pixel, 0 to 255, as RGB has it or as BT.601's limited range has it. */
export function lumaAt({ format, width, data }: Canvas, x: number, y: number): number {
  const at = y * width + x;
  if (format !== "rgb24" && format !== "rgba32") return data[at]!;
  const first = at * (format === "rgb24" ? 3 : 4);
  return (data[first]! * 77 + data[first + 1]! * 150 + data[first + 2]! * 29) >> 8;
}

/** BT.601, limited range: what FFmpeg takes 4:2:0 for where nobody says otherwise. */
function toYuv([red, green, blue]: Colour) {
  return {
    y: Math.round(16 + 0.2568 * red + 0.5041 * green + 0.0979 * blue),
    u: Math.round(128 - 0.1482 * red - 0.291 * green + 0.4392 * blue),
    v: Math.round(128 + 0.4392 * red - 0.3678 * green - 0.0714 * blue),
  };
}

/** In bytes across and rows down. */
interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

// The first row is written pixel by pixel, the others are copies of it.
function fillPlane(data: Uint8Array, plane: Plane, { left, top, right, bottom }: Edges): void {
  const { first, stride, pixel } = plane;
  const from = first + top * stride + left;
  const length = right - left;
  if (pixel.length === 1) data.fill(pixel[0]!, from, from + length);
  else for (let at = 0; at < length; at++) data[from + at] = pixel[at % pixel.length]!;
  for (let row = top + 1; row < bottom; row++) {
    data.copyWithin(first + row * stride + left, from, from + length);
  }
}
