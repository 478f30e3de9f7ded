// Decimal digits in a picture, for people. Web-standard.
import { type Canvas, fillRectangle } from "./canvas.ts";

/** Rows of five pixels, the highest bit on the left. */
const glyphs: readonly (readonly number[])[] = [
  [14, 17, 19, 21, 25, 17, 14],
  [4, 12, 4, 4, 4, 4, 14],
  [14, 17, 1, 2, 4, 8, 31],
  [31, 2, 4, 2, 1, 17, 14],
  [2, 6, 10, 18, 31, 2, 2],
  [31, 16, 30, 1, 1, 17, 14],
  [6, 8, 16, 30, 17, 17, 14],
  [31, 1, 2, 4, 8, 8, 8],
  [14, 17, 17, 14, 17, 17, 14],
  [14, 17, 17, 15, 1, 2, 12],
];

/** White digits on black from the corner (`x`, `y`) on; a digit is 6 by 8 pixels times `scale`. */
export function drawDigits(canvas: Canvas, digits: string, x: number, y: number, scale: number): void {
  fillRectangle(canvas, { x, y, width: digits.length * 6 * scale, height: 8 * scale }, [0, 0, 0]);
  for (let index = 0; index < digits.length; index++) {
    const glyph = glyphs[Number(digits[index])] ?? [];
    for (let row = 0; row < glyph.length; row++) {
      for (let column = 0; column < 5; column++) {
        if (((glyph[row]! >> (4 - column)) & 1) === 0) continue;
        const left = x + (index * 6 + column) * scale;
        const dot = { x: left, y: y + row * scale, width: scale, height: scale };
        fillRectangle(canvas, dot, [255, 255, 255]);
      }
    }
  }
}
