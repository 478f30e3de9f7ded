// What a camera can give, as a bounded list of sizes and rates.
import { printable } from "../base/printable.ts";
import { type CameraFormat, framesPerSecond } from "../contract/board-facts.ts";
import type { FrameInterval, VideoDevice, VideoFormat, VideoSize } from "../contract/machine.ts";

/** Of one camera. */
const maxFormats = 256;
const maxRates = 32;
const maxEdge = 16_384;

/** Sizes that people ask for: of a range those inside it are named. */
const commonSizes: readonly (readonly [number, number])[] = [
  [160, 120],
  [320, 240],
  [640, 360],
  [640, 480],
  [800, 600],
  [1024, 768],
  [1280, 720],
  [1280, 960],
  [1280, 1024],
  [1600, 1200],
  [1920, 1080],
  [2560, 1440],
  [2592, 1944],
  [3840, 2160],
];

/** Kept before any other but the largest: what most cameras and most models know. */
const wantedSizes = ["1280x720", "640x480", "1920x1080"];
const commonNames = new Set(commonSizes.map(([width, height]) => `${width}x${height}`));

/** Sizes and rates of all pixel formats, at most 256. Ranges become the common sizes inside them and their two ends. Where there
 * are more than that, each pixel format keeps as many as any other: its largest, the common sizes, and then the larger ones. */
export function flattenFormats(formats: readonly VideoFormat[]): CameraFormat[] {
  const byPixel = new Map<string, Map<string, CameraFormat>>();
  for (const format of formats) {
    const pixel = printable(format.fourcc, 4);
    const known = byPixel.get(pixel);
    if (pixel === "" || (known === undefined && byPixel.size >= maxFormats)) continue;
    const sizes = known ?? new Map<string, CameraFormat>();
    byPixel.set(pixel, sizes);
    for (const size of format.sizes) addSize(sizes, pixel, size);
  }
  return shareOut([...byPixel.values()].map((sizes) => [...sizes.values()]));
}

/** Whether a device has modes that `flattenFormats` doesn't list. */
export function hasMoreFormats({ captureFormats, isTruncated }: VideoDevice, listed: number): boolean {
  const hasRange = captureFormats.some(({ sizes }) => sizes.some(({ kind }) => kind === "stepwise"));
  return isTruncated || hasRange || listed >= maxFormats;
}

function addSize(sizes: Map<string, CameraFormat>, pixel: string, size: VideoSize): void {
  for (const [width, height] of sizesOf(size)) {
    if (!isEdge(width) || !isEdge(height)) continue;
    const key = `${width}x${height}`;
    const known = sizes.get(key);
    sizes.set(key, { pixel, width, height, fps: mergeRates(known?.fps ?? [], size.intervals) });
  }
}

function sizesOf(size: VideoSize): (readonly [number, number])[] {
  if (size.kind === "discrete") return [[size.width, size.height]];
  const inside = commonSizes.filter(
    ([width, height]) =>
      isStep(width, size.minWidth, size.maxWidth, size.stepWidth) &&
      isStep(height, size.minHeight, size.maxHeight, size.stepHeight),
  );
  return [[size.minWidth, size.minHeight], ...inside, [size.maxWidth, size.maxHeight]];
}

function isStep(value: number, min: number, max: number, step: number): boolean {
  return value >= min && value <= max && (step <= 1 || (value - min) % step === 0);
}

function isEdge(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= maxEdge;
}

function mergeRates(known: readonly number[], intervals: readonly FrameInterval[]): number[] {
  const rates = new Set(known);
  for (const interval of intervals.slice(0, maxRates)) {
    const fps = framesPerSecond(interval);
    if (fps !== undefined) rates.add(fps);
  }
  return [...rates].sort((a, b) => b - a).slice(0, maxRates);
}

/** As many of each list as there is room for, the best of them, in the lists' own order. */
function shareOut(lists: readonly CameraFormat[][]): CameraFormat[] {
  let share = 0;
  const total = (limit: number): number => lists.reduce((sum, list) => sum + Math.min(list.length, limit), 0);
  while (share < maxFormats && total(share + 1) <= maxFormats) share++;
  return lists.flatMap((list) => keepBest(list, share));
}

function keepBest(list: readonly CameraFormat[], share: number): readonly CameraFormat[] {
  if (list.length <= share) return list;
  const [largest, ...others] = [...list].sort((a, b) => areaOf(b) - areaOf(a));
  const best = [largest, ...others.sort((a, b) => rankOf(a) - rankOf(b))].slice(0, share);
  const kept = new Set(best);
  return list.filter((format) => kept.has(format));
}

function areaOf({ width, height }: CameraFormat): number {
  return width * height;
}

/** The lower, the sooner it is kept. */
function rankOf({ width, height }: CameraFormat): number {
  const name = `${width}x${height}`;
  const wanted = wantedSizes.indexOf(name);
  if (wanted >= 0) return wanted;
  return wantedSizes.length + (commonNames.has(name) ? 0 : 1);
}
