// TestPicture: numbered pictures in which something moves now and then. Web-standard, pure.
import type { PixelFormat } from "../../node/frame.ts";
import { pictureBytes } from "../../node/payload-check.ts";
import { type Canvas, type Colour, fillRectangle } from "./canvas.ts";
import { drawDigits } from "./draw-digits.ts";
import { drawCounter } from "./frame-counter.ts";

/** Of 75 %, by falling brightness. */
const bars: readonly Colour[] = [
  [191, 191, 191],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
  [0, 0, 0],
];
/** For so long the block moves, and for so long it rests. */
const phaseUs = 2_000_000;

export interface TestPictureSpec {
  /** Even; at least 64. */
  readonly width: number;
  /** Even; at least 48. */
  readonly height: number;
  readonly format: PixelFormat;
}

/** Colour bars and a grey ramp, over them a block that moves for 2 s and rests for 2 s, the picture's number in digits (upper left)
 * and in cells (lower left). In pictures below about 160x120 digits and cells cover most of it. */
export class TestPicture {
  readonly #spec: TestPictureSpec;
  readonly #background: Uint8Array;

  constructor(spec: TestPictureSpec) {
    this.#spec = spec;
    this.#background = new Uint8Array(pictureBytes(spec.width, spec.height, spec.format));
    drawBackground({ ...spec, data: this.#background });
  }

  /** Picture number `count` as it is at `timeUs`, in memory of its own. */
  draw(count: number, timeUs: number): Uint8Array<ArrayBuffer> {
    // Unlike Uint8Array.from this doesn't go through the elements.
    const data = this.#background.slice() as Uint8Array<ArrayBuffer>;
    const canvas = { ...this.#spec, data };
    drawBlock(canvas, timeUs);
    const scale = Math.max(1, Math.floor(this.#spec.width / 320));
    drawDigits(canvas, String(count % 100_000_000).padStart(8, "0"), 0, 0, scale);
    drawCounter(canvas, count);
    return data;
  }
}

function drawBackground(canvas: Canvas): void {
  const { width, height } = canvas;
  const rampTop = even((height * 2) / 3);
  for (let bar = 0; bar < bars.length; bar++) {
    const x = even((width * bar) / bars.length);
    const right = bar === bars.length - 1 ? width : even((width * (bar + 1)) / bars.length);
    const grey = Math.round((255 * bar) / (bars.length - 1));
    fillRectangle(canvas, { x, y: 0, width: right - x, height: rampTop }, bars[bar]!);
    fillRectangle(canvas, { x, y: rampTop, width: right - x, height: height - rampTop }, [grey, grey, grey]);
  }
}

/** From left to right, a rest, back, a rest. Half white and half black, so that it shows before every bar. */
function drawBlock(canvas: Canvas, timeUs: number): void {
  const { width, height } = canvas;
  const [blockWidth, half] = [even(width / 8), even(height / 12)];
  const phase = Math.floor(timeUs / phaseUs) % 4;
  const moved = (timeUs % phaseUs) / phaseUs;
  const place = phase === 0 ? moved : phase === 1 ? 1 : phase === 2 ? 1 - moved : 0;
  const x = even((width - blockWidth) * place);
  const y = even(height / 3);
  fillRectangle(canvas, { x, y, width: blockWidth, height: half }, [255, 255, 255]);
  fillRectangle(canvas, { x, y: y + half, width: blockWidth, height: half }, [0, 0, 0]);
}

function even(pixels: number): number {
  return Math.round(pixels / 2) * 2;
}
