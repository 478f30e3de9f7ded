// Which camera is opened, and how. Pure: facts and wishes in, a capture's input out.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { CameraFacts } from "../../../platform/contract/board-facts.ts";
import type { CaptureInput, HardwareDecoder } from "../../../platform/contract/media-capture.ts";
import type { NativeDevices } from "../node-type.ts";
import {
  type CameraMode,
  chooseMode,
  compressedCodecs,
  describeMode,
  type ModeWishes,
  nearestMode,
  toFrameRate,
} from "./camera-mode.ts";
import { chooseDecoder } from "./choose-decoder.ts";
import { findDevice, noDevice } from "./find-device.ts";

export interface CameraWishes extends ModeWishes {
  /** `default`, an id, a name, or `/dev/videoN`. */
  readonly device: string;
  readonly hardware: "auto" | "off";
}

export interface ChosenCamera {
  /** By which it is found again, whatever its `/dev/videoN` is then; undefined where the facts don't know it. */
  readonly id: string | undefined;
  readonly name: string;
  readonly input: CaptureInput;
  readonly decoder: HardwareDecoder | undefined;
}

type CameraDevices = Pick<NativeDevices, "cameras" | "hardwareCodecs">;

/** `knownId` is the camera that was open before: no other one takes its place.
 * Throws `device-missing`, `device-unsupported` naming the nearest mode, `node-invalid-params` for a name that several have. */
export function chooseCamera(wishes: CameraWishes, devices: CameraDevices, knownId?: string): ChosenCamera {
  const camera = findCamera(wishes.device, devices.cameras, knownId);
  if (camera === undefined) return askBlindly(wishes);
  const { id, name } = camera;
  if (camera.api === "libcamera") {
    return { id, name, input: libcameraInput(camera, wishes), decoder: undefined };
  }
  const decoderOf = (codec: string) => chooseDecoder(codec, wishes.hardware, devices.hardwareCodecs);
  const mode = chooseMode(camera.formats, wishes, (codec) => decoderOf(codec) !== undefined);
  const isComplete = camera.formats.length > 0 && camera.hasMore !== true;
  if (mode === undefined && isComplete) throw unsupported(camera, wishes);
  if (mode === undefined) return { ...askBlindly(wishes, camera), id };
  const codec = Object.hasOwn(compressedCodecs, mode.pixel) ? compressedCodecs[mode.pixel] : undefined;
  return {
    id,
    name,
    input: v4l2Input(camera.path, mode),
    decoder: codec === undefined ? undefined : decoderOf(codec),
  };
}

/** Undefined where a path is named that the facts don't know: then the device itself says what is wrong with it. */
function findCamera(
  device: string,
  cameras: readonly CameraFacts[],
  knownId: string | undefined,
): CameraFacts | undefined {
  const named = cameras.map((camera) => ({ ...camera, place: camera.path }));
  if (knownId !== undefined) return findDevice(knownId, named, "camera");
  if (device === "default") {
    if (cameras[0] === undefined) throw noDevice("camera");
    return cameras[0];
  }
  const isUnknownPath = device.startsWith("/dev/") && !cameras.some(({ path }) => path === device);
  return isUnknownPath ? undefined : findDevice(device, named, "camera");
}

function v4l2Input(path: string, { pixel, width, height, fps }: CameraMode): CaptureInput {
  return { kind: "v4l2", path, pixel, width, height, rate: fps === undefined ? undefined : toFrameRate(fps) };
}

/** Where nothing is known of the modes, the driver must meet the wishes or refuse. */
function askBlindly(
  { device, width, height, fps, format }: CameraWishes,
  camera?: CameraFacts,
): ChosenCamera {
  const path = camera?.path ?? device;
  const rate = fps === undefined ? undefined : toFrameRate(fps);
  return {
    id: undefined,
    name: camera?.name ?? device,
    input: { kind: "v4l2", path, pixel: format, width, height, rate },
    decoder: undefined,
  };
}

/** libcamera scales behind the sensor: its modes bound what can be asked for, they don't list it. */
function libcameraInput(camera: CameraFacts, wishes: CameraWishes): CaptureInput {
  const { width, height } = sizeOf(wishes);
  const isWithin = camera.formats.some(
    (mode) =>
      mode.width >= width && mode.height >= height && (wishes.fps ?? 0) <= Math.max(...mode.fps, 0) + 0.01,
  );
  if (camera.formats.length > 0 && !isWithin) throw unsupported(camera, wishes);
  if (wishes.format !== undefined) throw unsupported(camera, wishes);
  const rate = wishes.fps === undefined ? undefined : toFrameRate(wishes.fps);
  return { kind: "libcamera", camera: Number(camera.path), width, height, rate };
}

/** The default is what a board without hardware decoding still handles; a side that isn't given follows at 16 to 9. */
function sizeOf({ width, height }: CameraWishes): { width: number; height: number } {
  const even = (side: number) => Math.max(2, Math.round(side / 2) * 2);
  if (width !== undefined) return { width, height: height ?? even((width * 9) / 16) };
  return height === undefined ? { width: 1280, height: 720 } : { width: even((height * 16) / 9), height };
}

function unsupported(camera: CameraFacts, wishes: CameraWishes): RemoteMediaError {
  const wished = describeMode({ ...wishes, pixel: wishes.format });
  const nearest = nearestMode(camera.formats, wishes);
  const has = wished === "" ? "no mode that can be read here" : `no mode ${wished}`;
  return new RemoteMediaError("device-unsupported", `The camera ${JSON.stringify(camera.name)} has ${has}.`, {
    hint: nearest === undefined ? "It lists no modes." : `The nearest is ${describeMode(nearest)}.`,
  });
}
