// Reads the picture of Linux's virtual camera `vivid`: its clock, its frame counter and its colour bars.
// @see https://docs.kernel.org/admin-guide/media/vivid.html

/** The kernel's VGA font of 8×16 pixels: sixteen rows of a digit, two hexadecimal digits each, the leftmost pixel highest. */
const glyphs: Readonly<Record<string, string>> = {
  "0": "0000386cc6c6d6d6c6c66c3800000000",
  "1": "00001838781818181818187e00000000",
  "2": "00007cc6060c183060c0c6fe00000000",
  "3": "00007cc606063c060606c67c00000000",
  "4": "00000c1c3c6cccfe0c0c0c1e00000000",
  "5": "0000fec0c0c0fc060606c67c00000000",
  "6": "00003860c0c0fcc6c6c6c67c00000000",
  "7": "0000fec606060c183030303000000000",
  "8": "00007cc6c6c67cc6c6c6c67c00000000",
  "9": "00007cc6c6c67e0606060c7800000000",
  ":": "00000000181800000018180000000000",
  " ": "00000000000000000000000000000000",
};
const characters = new Map(Object.entries(glyphs).map(([character, rows]) => [rows, character]));

const cell = { width: 8, height: 16 } as const;
/** Where vivid's first line of text begins. */
const origin = { x: 16, y: 16 } as const;
/** ` hh:mm:ss:mmm ` and the counter: up to ten digits. */
const columns = 24;

/** A picture of packed RGB. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface VividStamp {
  /** Since the camera was set up. */
  readonly timeMs: number;
  /** Counts every picture since the stream began, also those that nobody took. */
  readonly sequence: number;
}

/** The colours of vivid's default pattern, from left to right. */
export const vividBars = ["white", "yellow", "cyan", "green", "magenta", "red", "blue", "black"] as const;

/** The first line of a picture's text; undefined where it can't be read. */
export function readVividStamp(picture: RgbPicture): VividStamp | undefined {
  let line = "";
  for (let column = 0; column < columns; column++) {
    const character = readCharacter(picture, column);
    if (character === undefined) break;
    line += character;
  }
  const match = /^ (\d\d):(\d\d):(\d\d):(\d{3}) (\d+)/.exec(line);
  if (match === null) return undefined;
  const [hours, minutes, seconds, millis, sequence] = match.slice(1).map(Number);
  return {
    timeMs: ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + millis!,
    sequence: sequence!,
  };
}

/** Names of the eight bars along the bottom of the picture, where no text is. */
export function readVividBars(picture: RgbPicture): string[] {
  return vividBars.map((_, bar) => {
    const x = Math.floor(((bar + 0.5) * picture.width) / vividBars.length);
    return nameColor(pixelAt(picture, x, picture.height - 8));
  });
}

function readCharacter(picture: RgbPicture, column: number): string | undefined {
  const left = origin.x + column * cell.width;
  if (left + cell.width > picture.width || origin.y + cell.height > picture.height) return undefined;
  let rows = "";
  for (let y = 0; y < cell.height; y++) {
    let row = 0;
    for (let x = 0; x < cell.width; x++)
      row = row * 2 + (isLight(pixelAt(picture, left + x, origin.y + y)) ? 1 : 0);
    rows += row.toString(16).padStart(2, "0");
  }
  return characters.get(rows);
}

type Color = readonly [red: number, green: number, blue: number];

function pixelAt({ width, data }: RgbPicture, x: number, y: number): Color {
  const at = 3 * (y * width + x);
  return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
}

/** Text is light on black. */
function isLight([, green]: Color): boolean {
  return green > 96;
}

/** By which of the three primaries are on: bars have 75 or 100 % of each. */
function nameColor(color: Color): string {
  const names = ["black", "blue", "green", "cyan", "red", "magenta", "yellow", "white"];
  return names[color.reduce((bits, part) => bits * 2 + (part > 96 ? 1 : 0), 0)]!;
}

/** Draws a line of text where vivid would, for tests of reading it. */
export function drawVividText({ width, data }: RgbPicture, line: string): void {
  for (const [column, character] of [...line].entries()) {
    const rows = glyphs[character] ?? glyphs[" "]!;
    for (let y = 0; y < cell.height; y++) {
      const row = Number.parseInt(rows.slice(2 * y, 2 * y + 2), 16);
      for (let x = 0; x < cell.width; x++) {
        const at = 3 * ((origin.y + y) * width + origin.x + column * cell.width + x);
        data.fill((row >> (cell.width - 1 - x)) & 1 ? 235 : 16, at, at + 3);
      }
    }
  }
}
