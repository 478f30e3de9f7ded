// A YUV4MPEG2 byte stream, as the decoder gives it, into video frames. Web-standard.
// @see mjpegtools, yuv4mpeg(5)
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import { pictureBytes } from "../node/payload-check.ts";
import { ByteCursor } from "./byte-cursor.ts";

const maxHeaderBytes = 1024;
const maxSide = 16_384;

export interface PictureReadOptions {
  /** The port that the frames enter by. */
  readonly port: string;
  /** For error messages. */
  readonly file?: string | undefined;
}

/** The pictures of a YUV4MPEG2 stream, as i420 or gray8; `pts` is counted from 0 at the stream's constant rate.
 * Throws `input-invalid` for another stream and `input-broken` where it ends within a picture. */
export async function* readY4m(
  bytes: AsyncIterable<Uint8Array>,
  options: PictureReadOptions,
): AsyncGenerator<Frame> {
  const cursor = new ByteCursor(bytes);
  try {
    const header = parseHeader(await cursor.takeLine(maxHeaderBytes), options.file);
    const { width, height, format } = header;
    const payload = { kind: "video", width, height, format } as const;
    const size = pictureBytes(width, height, format);
    for (let count = 0; ; count++) {
      const marker = await cursor.takeLine(maxHeaderBytes);
      if (marker === undefined) return;
      if (marker === "too-long" || !ascii(marker).startsWith("FRAME")) {
        throw invalid("a picture doesn't begin with FRAME", options.file);
      }
      const data = cursor.tryTake(size) ?? (await cursor.take(size));
      if (data.length < size) throw brokenPicture(size, data.length, options.file);
      yield { port: options.port, pts: pictureTimeUs(count, header), payload, data };
    }
  } finally {
    await cursor.release();
  }
}

/** Presentation time of the picture with this number, in microseconds, rounded to the nearest. */
export function pictureTimeUs(
  picture: number,
  frameRate: { readonly numerator: number; readonly denominator: number },
): number {
  const numerator = BigInt(frameRate.numerator);
  const scaled = BigInt(picture) * BigInt(frameRate.denominator) * 1_000_000n;
  return Number((scaled * 2n + numerator) / (numerator * 2n));
}

/** The error for a stream that ends within a picture. */
export function brokenPicture(expected: number, got: number, file: string | undefined): RemoteMediaError {
  return new RemoteMediaError(
    "input-broken",
    `The video ends within a picture: ${got} of ${expected} bytes.`,
    file === undefined ? {} : { where: { file } },
  );
}

/** Throws `input-invalid` unless both sides are whole numbers from 1 to 16,384. */
export function checkSides(width: number, height: number, file: string | undefined): void {
  const possible = (side: number) => Number.isInteger(side) && side >= 1 && side <= maxSide;
  if (possible(width) && possible(height)) return;
  throw invalid(`a picture of ${width}x${height}`, file);
}

function parseHeader(line: Uint8Array | "too-long" | undefined, file: string | undefined) {
  const words = line === undefined || line === "too-long" ? [] : ascii(line).split(" ");
  if (words[0] !== "YUV4MPEG2") throw invalid("no YUV4MPEG2 header", file);
  const field = (letter: string) => words.find((word) => word.startsWith(letter))?.slice(1) ?? "";
  const width = Number(field("W"));
  const height = Number(field("H"));
  checkSides(width, height, file);
  const [numerator, denominator] = field("F").split(":").map(Number);
  if (!isCount(numerator) || !isCount(denominator)) throw invalid(`a frame rate of ${field("F")}`, file);
  const layout = field("C");
  // The several 420 layouts differ in where a chroma sample sits, not in bytes; without a C it is 420 too.
  const is420 = /^(420(jpeg|mpeg2|paldv)?)?$/.test(layout);
  if (!is420 && layout !== "mono") throw invalid(`the pixel layout ${layout}`, file);
  return { width, height, numerator, denominator, format: is420 ? ("i420" as const) : ("gray8" as const) };
}

function isCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && value! > 0;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function invalid(problem: string, file: string | undefined): RemoteMediaError {
  return new RemoteMediaError(
    "input-invalid",
    `The decoded video can't be read: ${problem.replace(/[^ -~]/g, "?").slice(0, 200)}.`,
    file === undefined ? {} : { where: { file } },
  );
}
