// A number in a picture that programs read back, also after a lossy codec or after it was scaled by 2. Web-standard.
import { type Canvas, fillRectangle, lumaAt } from "./canvas.ts";

const leastCell = 8;
/** What each pixel in the middle of a cell must be beyond to be believed. */
const darkest = 112;
const brightest = 144;

/** Square cells from the lower left corner on, row by row: 32 bits of number, then the checksum, the highest first. White is 1. */
interface Layout {
  /** Side of a cell, in pixels. */
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
  readonly checkBits: 8 | 16;
}

/** Writes `count` modulo 2³². The picture is at least 64x48. */
export function drawCounter(canvas: Canvas, count: number): void {
  const number = count % 2 ** 32;
  const { cell, columns, rows, checkBits } = layoutOf(canvas.width, canvas.height);
  const top = canvas.height - rows * cell;
  fillRectangle(canvas, { x: 0, y: top, width: columns * cell, height: rows * cell }, [0, 0, 0]);
  const check = checksum(number, checkBits);
  for (let index = 0; index < columns * rows; index++) {
    const bit = index < 32 ? number >>> (31 - index) : check >>> (31 + checkBits - index);
    if ((bit & 1) === 0) continue;
    const x = (index % columns) * cell;
    const y = top + Math.floor(index / columns) * cell;
    fillRectangle(canvas, { x, y, width: cell, height: cell }, [255, 255, 255]);
  }
}

/** The number in a picture of the size that it was drawn in, of half or of twice that; undefined where it isn't clear. */
export function readCounter(canvas: Canvas): number | undefined {
  const tried = new Set<string>();
  for (const scale of [1, 2, 0.5]) {
    const drawn = layoutOf(canvas.width * scale, canvas.height * scale);
    const layout = { ...drawn, cell: drawn.cell / scale };
    const key = `${layout.cell} ${layout.columns}`;
    if (tried.has(key)) continue;
    tried.add(key);
    const bits = readCells(canvas, layout);
    // Cells that are all twice as large were drawn so: then this is the wrong layout, and its checksum right by chance only.
    if (bits === undefined || (scale === 2 && areDoubled(bits, layout))) continue;
    const [number, check] = [toNumber(bits.slice(0, 32)), toNumber(bits.slice(32))];
    if (check === checksum(number, layout.checkBits)) return number;
  }
  return undefined;
}

function layoutOf(width: number, height: number): Layout {
  const cell = leastCell * Math.max(1, Math.floor(Math.min(width / 640, height / 360)));
  // The smallest pictures have room for no more.
  if (width < 24 * cell) return { cell, columns: 8, rows: 5, checkBits: 8 };
  return { cell, columns: 24, rows: 2, checkBits: 16 };
}

function readCells(canvas: Canvas, { cell, columns, rows }: Layout): number[] | undefined {
  const top = canvas.height - rows * cell;
  if (columns * cell > canvas.width || top < 0) return undefined;
  const bits: number[] = [];
  for (let index = 0; index < columns * rows; index++) {
    const bit = readCell(canvas, (index % columns) * cell, top + Math.floor(index / columns) * cell, cell);
    if (bit === undefined) return undefined;
    bits.push(bit);
  }
  return bits;
}

/** By its middle: its borders have been mixed with the neighbours. */
function readCell(canvas: Canvas, x: number, y: number, cell: number): 0 | 1 | undefined {
  const margin = Math.max(1, Math.floor(cell / 4));
  let [least, most] = [255, 0];
  for (let row = Math.floor(y) + margin; row < y + cell - margin; row++) {
    for (let column = Math.floor(x) + margin; column < x + cell - margin; column++) {
      const luma = lumaAt(canvas, column, row);
      least = Math.min(least, luma);
      most = Math.max(most, luma);
    }
  }
  return most < darkest ? 0 : least > brightest ? 1 : undefined;
}

/** Whether all cells come in squares of four, counted from the lower left corner. */
function areDoubled(bits: readonly number[], { columns, rows }: Layout): boolean {
  return bits.every((bit, index) => {
    const fromBottom = rows - 1 - Math.floor(index / columns);
    const row = rows - 1 - (fromBottom - (fromBottom % 2));
    const column = (index % columns) - (index % 2);
    return bit === bits[row * columns + column];
  });
}

function toNumber(bits: readonly number[]): number {
  return bits.reduce((number, bit) => number * 2 + bit, 0);
}

/** A CRC that finds any three wrong bits. It isn't 0 for 0: neither a black nor a white picture has a number. */
function checksum(number: number, bits: 8 | 16): number {
  const [polynomial, highest, mask] = bits === 8 ? [0x07, 0x80, 0xff] : [0x1021, 0x8000, 0xffff];
  let crc = bits === 8 ? 0x5a : 0x5aa5;
  for (let shift = 31; shift >= 0; shift--) {
    const isOut = ((crc & highest) !== 0) !== (((number >>> shift) & 1) === 1);
    crc = ((crc << 1) & mask) ^ (isOut ? polynomial : 0);
  }
  return crc;
}
