// Cameras as libcamera's programs list them (`rpicam-hello --list-cameras`).
import { printable } from "../base/printable.ts";
import type { CameraFacts, CameraFormat } from "../contract/board-facts.ts";

interface SensorMode {
  readonly pixel: string;
  readonly width: number;
  readonly height: number;
  /** Undefined in lists of 2022 and before. */
  readonly fps: number | undefined;
}

interface ListedCamera {
  readonly number: number;
  readonly sensor: string;
  /** Its place in the device tree. */
  readonly place: string;
  readonly modes: SensorMode[];
}

const maxCameras = 8;
const maxModes = 64;
const maxLines = 1000;
/** What the image processor scales a sensor's picture to; any even size goes, these are asked for. */
const scaledSizes: readonly (readonly [number, number])[] = [
  [320, 240],
  [640, 360],
  [640, 480],
  [800, 600],
  [1024, 768],
  [1280, 720],
  [1280, 960],
  [1600, 1200],
  [1920, 1080],
  [2560, 1440],
  [3840, 2160],
];
const commonRates = [120, 60, 50, 30, 25, 24, 20, 15, 10, 5, 1];

/** The cameras of a list, in its order. Each gives `YU12` from the image processor, in the common sizes up to the sensor's and at any
 * rate up to the fastest mode that covers the size. The sensor's own modes, such as `SRGGB10_CSI2P`, aren't pictures that anybody
 * could take. */
export function parseCameraList(text: string): CameraFacts[] {
  const ids = new Set<string>();
  return readList(text).map((camera) => {
    const id = cameraId(camera, ids);
    ids.add(id);
    return {
      id,
      name: camera.sensor,
      bus: "csi",
      api: "libcamera",
      path: String(camera.number),
      formats: scaledFormats(camera.modes),
    };
  });
}

/** Lines such as `0 : imx708 [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx708@1a)`, then
 * `    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]`, then more sizes. */
function readList(text: string): ListedCamera[] {
  const cameras: ListedCamera[] = [];
  let pixel = "";
  for (const line of text.split("\n", maxLines)) {
    const head = /^(\d{1,2}) : (\S[^[(]{0,80})(?:\[[^\]]{0,80}\])?\s*\(([^)]{0,256})\)\s*$/.exec(line);
    if (head !== null) {
      if (cameras.length >= maxCameras) break;
      const sensor = printable(head[2]!, 64);
      cameras.push({ number: Number(head[1]), sensor: sensor || "camera", place: head[3]!, modes: [] });
      pixel = "";
      continue;
    }
    const camera = cameras.at(-1);
    if (camera === undefined) continue;
    pixel = /'(\w{1,32})'/.exec(line)?.[1] ?? pixel;
    if (pixel !== "") camera.modes.push(...readModes(line, pixel).slice(0, maxModes - camera.modes.length));
  }
  return cameras.filter(
    ({ number }, index) => cameras.findIndex((other) => other.number === number) === index,
  );
}

function readModes(line: string, pixel: string): SensorMode[] {
  const sizes = line.slice(0, 2000).replace(/- \([^\]]*crop/g, "");
  return [...sizes.matchAll(/\b(\d{2,5})x(\d{2,5})\b(?: \[(\d{1,4}(?:\.\d{1,3})?) fps)?/g)].flatMap(
    (match) => {
      const [width, height] = [Number(match[1]), Number(match[2])];
      const fps = match[3] === undefined ? undefined : Number(match[3]);
      if (width > 16_384 || height > 16_384) return [];
      return [{ pixel, width, height, fps: fps !== undefined && fps > 0 ? fps : undefined }];
    },
  );
}

function scaledFormats(modes: readonly SensorMode[]): CameraFormat[] {
  const largest = modes.reduce<readonly [number, number]>(
    (size, { width, height }) => (width * height > size[0] * size[1] ? [width, height] : size),
    [0, 0],
  );
  if (largest[0] === 0) return [];
  const inside = scaledSizes.filter(([width, height]) => width < largest[0] && height <= largest[1]);
  return [...inside, largest].map(([width, height]) => ({
    pixel: "YU12",
    width,
    height,
    fps: ratesUpTo(modes, width, height),
  }));
}

/** libcamera stretches a frame's duration as it is told, so that every rate below a mode's is one that it gives. */
function ratesUpTo(modes: readonly SensorMode[], width: number, height: number): number[] {
  const rates = modes.flatMap((mode) =>
    mode.width >= width && mode.height >= height ? (mode.fps ?? []) : [],
  );
  if (rates.length === 0) return [];
  const fastest = Math.max(...rates);
  return [fastest, ...commonRates.filter((rate) => rate < fastest)];
}

/** By the I2C port and address in the device tree: the same as long as the ribbon stays where it is. */
function cameraId({ place, number }: ListedCamera, taken: ReadonlySet<string>): string {
  const parts = place.toLowerCase().split("/").slice(-2);
  const slug = parts
    .join("-")
    .replace(/[^a-z0-9._:-]+/g, "-")
    .replace(/^[-.:]+|[-.:]+$/g, "")
    .slice(0, 64);
  const id = slug === "" ? `csi-${number}` : `csi-${slug}`;
  return taken.has(id) ? `${id}-${number}` : id;
}
