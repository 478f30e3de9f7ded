// Which of a camera's modes is taken. Pure.
import type { CameraFormat } from "../../../platform/contract/board-facts.ts";
import type { FrameRate } from "../../../platform/contract/media-decoder.ts";

export interface ModeWishes {
  /** Exactly, where given. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fps?: number | undefined;
  /** Four characters. */
  readonly format?: string | undefined;
}

/** One size at one rate. */
export interface CameraMode {
  readonly pixel: string;
  readonly width: number;
  readonly height: number;
  /** Undefined where the camera doesn't say which rates it has. */
  readonly fps: number | undefined;
}

/** What a camera's compressed formats hold, as FFmpeg spells it. */
export const compressedCodecs: Readonly<Record<string, string>> = {
  MJPG: "mjpeg",
  JPEG: "mjpeg",
  H264: "h264",
  HEVC: "hevc",
  MPG4: "mpeg4",
};
/** Raw layouts that cost little to convert, the cheapest first. */
const rawFormats = ["YU12", "YV12", "NV12", "YUYV", "UYVY", "422P", "GREY", "BGR3", "RGB3", "XR24", "BX24"];
/** A picture that moves. */
const smoothFps = 24;
/** More than that is taken only when it is asked for. */
const plentyFps = 30;
const plentyArea = 1920 * 1080;

/** The mode to take; undefined where none is as wished. Rates must be met, sizes exactly. Among those that fit: first those that are smooth,
 * then raw before what hardware decodes before what software decodes, then the largest up to 1920×1080 and the rate nearest to 30. */
export function chooseMode(
  formats: readonly CameraFormat[],
  wishes: ModeWishes,
  isDecodedByHardware: (codec: string) => boolean,
): CameraMode | undefined {
  const usable = modesOf(formats).filter((mode) => wishes.format !== undefined || cost(mode) !== undefined);
  const fitting = usable.filter((mode) => fits(mode, wishes));
  function cost({ pixel }: CameraMode): number | undefined {
    const codec = Object.hasOwn(compressedCodecs, pixel) ? compressedCodecs[pixel] : undefined;
    if (codec !== undefined) return isDecodedByHardware(codec) ? 1 : codec === "mjpeg" ? 2 : 3;
    return rawFormats.includes(pixel) ? 0 : undefined;
  }
  /** The smaller, the better; the first that differs decides. */
  const rank = (mode: CameraMode): readonly number[] => {
    const fps = mode.fps ?? plentyFps;
    const area = mode.width * mode.height;
    return [
      wishes.fps === undefined && fps < smoothFps ? 1 : 0,
      cost(mode) ?? 4,
      area > plentyArea ? 1 : 0,
      area > plentyArea ? area : -area,
      Math.abs(fps - (wishes.fps ?? plentyFps)),
      rawFormats.indexOf(mode.pixel),
    ];
  };
  return best(fitting, rank);
}

/** The mode that comes nearest to the wishes, to name it in an error; undefined where the camera has none. */
export function nearestMode(formats: readonly CameraFormat[], wishes: ModeWishes): CameraMode | undefined {
  const off = (wish: number | undefined, has: number | undefined) =>
    wish === undefined || has === undefined ? 0 : Math.abs(Math.log(has / wish));
  return best(modesOf(formats), (mode) => [
    off(wishes.width, mode.width) + off(wishes.height, mode.height),
    off(wishes.fps, mode.fps),
    wishes.format === undefined || wishes.format === mode.pixel ? 0 : 1,
  ]);
}

/** A rate as V4L2 takes it: 29.97 is 30000/1001. */
export function toFrameRate(fps: number): FrameRate {
  const whole = Math.round(fps);
  if (Math.abs(fps - whole) < 0.0005) return { numerator: whole, denominator: 1 };
  const ntsc = Math.round((fps * 1001) / 1000);
  if (Math.abs(fps - (ntsc * 1000) / 1001) < 0.001) return { numerator: ntsc * 1000, denominator: 1001 };
  return { numerator: Math.round(fps * 1000), denominator: 1000 };
}

/** For people: `1280x720 at 30/s as MJPG`. */
export function describeMode(mode: {
  width?: number | undefined;
  height?: number | undefined;
  fps?: number | undefined;
  pixel?: string | undefined;
}): string {
  const { width, height, fps, pixel } = mode;
  const words = [];
  if (width !== undefined || height !== undefined) words.push(`${width ?? "any"}x${height ?? "any"}`);
  if (fps !== undefined) words.push(`at ${fps}/s`);
  if (pixel !== undefined) words.push(`as ${pixel}`);
  return words.join(" ");
}

function modesOf(formats: readonly CameraFormat[]): CameraMode[] {
  return formats.flatMap(({ pixel, width, height, fps }): CameraMode[] =>
    fps.length === 0
      ? [{ pixel, width, height, fps: undefined }]
      : fps.map((rate) => ({ pixel, width, height, fps: rate })),
  );
}

function fits(mode: CameraMode, { width, height, fps, format }: ModeWishes): boolean {
  // 29.97 is what cameras call 30.
  const isRate = fps === undefined || mode.fps === undefined || Math.abs(mode.fps - fps) <= fps * 0.002;
  const isSize = (width ?? mode.width) === mode.width && (height ?? mode.height) === mode.height;
  return isRate && isSize && (format ?? mode.pixel) === mode.pixel;
}

function best(
  modes: readonly CameraMode[],
  rank: (mode: CameraMode) => readonly number[],
): CameraMode | undefined {
  let first: { readonly mode: CameraMode; readonly rank: readonly number[] } | undefined;
  for (const mode of modes) {
    const ranked = rank(mode);
    if (first === undefined || isLess(ranked, first.rank)) first = { mode, rank: ranked };
  }
  return first?.mode;
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && one[at]! < other[at]!;
}
