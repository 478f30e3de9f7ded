// A V4L2 node: what it is for. Cameras are one of many things that have a /dev/videoN.

import { printable } from "../base/printable.ts";
import type { Answer, DeviceNode, Machine, VideoDevice, VideoFormat } from "../contract/machine.ts";

/** V4L2_CAP_*. @see https://docs.kernel.org/userspace-api/media/v4l/vidioc-querycap.html */
export const capability = {
  capture: 0x1,
  output: 0x2,
  vbi: 0x10 | 0x20 | 0x40 | 0x80,
  captureMplane: 0x1000,
  outputMplane: 0x2000,
  m2mMplane: 0x4000,
  m2m: 0x8000,
  radio: 0x40000 | 0x80000 | 0x100,
  sdr: 0x100000 | 0x400000,
  meta: 0x800000 | 0x8000000,
  touch: 0x10000000,
  mediaController: 0x20000000,
} as const;

/** `raw-receiver`: gives pictures only behind a pipeline that somebody else sets up, such as libcamera. `empty`: a camera's node that lists no format. */
export type VideoRole =
  | "camera"
  | "raw-receiver"
  | "codec"
  | "isp"
  | "metadata"
  | "output"
  | "vbi"
  | "touch"
  | "radio"
  | "sdr"
  | "empty"
  | "other";

/** A node as `/dev` and sysfs show it, and what it answered. */
export interface VideoNode {
  /** "video0". */
  readonly name: string;
  readonly path: string;
  /** Where `/sys/class/video4linux/<name>` leads; undefined where there is no sysfs. */
  readonly sysfsPath: string | undefined;
  /** Sysfs's name of it; may be longer than V4L2's `card`. */
  readonly label: string;
  /** Its place among the nodes of one device. */
  readonly index: number | undefined;
  /** Undefined where the kernel has it and `/dev` doesn't. */
  readonly file: DeviceNode | undefined;
  readonly answer: Answer<VideoDevice>;
}

/** More nodes than this aren't looked at. */
const maxNodes = 64;
const bayerCode =
  /^(BA81|GBRG|GRBG|RGGB|(BG|GB|BA|GR|RG)1[0246]|BYR2|p[BGgR](AA|CC|EE)|[ab][BGgR]A8|PC[12][BGgRM])$/;
const ispDrivers = /^(bcm2835-isp|pispbe|ipu3-imgu|rkisp1?[-_](params|stats)|mali-c55|c3-isp|rppx1)/;
const receiverDrivers =
  /^(unicam|rp1-cfe|tegra-video|tegra-vi|vi$|rkcif|rkisp|sun[46]i-csi|imx7-csi|mxc-isi|qcom-camss|ipu3-cio2|intel-ipu6|isys|stm32-dcmi|omap3isp|j721e-csi2rx|ti-cal|cal$|xilinx-vip)/;

/** Asks every `/dev/videoN` and every node that sysfs has, at the same time; ordered by number. */
export async function readVideoNodes(machine: Machine): Promise<VideoNode[]> {
  const [files, nodes] = await Promise.all([machine.list("/dev"), machine.list("/sys/class/video4linux")]);
  const names = [...new Set([...files, ...nodes])].filter((name) => /^video\d{1,4}$/.test(name));
  names.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  return Promise.all(names.slice(0, maxNodes).map((name) => readVideoNode(machine, name)));
}

async function readVideoNode(machine: Machine, name: string): Promise<VideoNode> {
  const path = `/dev/${name}`;
  const sysfs = `/sys/class/video4linux/${name}`;
  const [sysfsPath, label, index, file] = await Promise.all([
    machine.resolve(sysfs),
    machine.readText(`${sysfs}/name`),
    machine.readText(`${sysfs}/index`),
    machine.deviceNode(path),
  ]);
  const answer: Answer<VideoDevice> =
    file === undefined
      ? { ok: false, code: "not-present", detail: `${path} isn't there` }
      : await machine.videoDevice(path);
  return {
    name,
    path,
    sysfsPath,
    label: printable(label ?? ""),
    index: /^\d{1,4}\s*$/.test(index ?? "") ? Number(index) : undefined,
    file,
    answer,
  };
}

/** Whether a format is what a sensor gives, before any colour is made of it. */
export function isBayer(format: VideoFormat): boolean {
  return bayerCode.test(format.fourcc) || /\bbayer\b/i.test(format.description);
}

/** What a device is for, from its capabilities, driver and formats. */
export function videoRole(device: VideoDevice): VideoRole {
  const has = (bits: number): boolean => (device.capabilities & bits) !== 0;
  const captures = has(capability.capture | capability.captureMplane);
  const outputs = has(capability.output | capability.outputMplane);
  if (has(capability.touch)) return "touch";
  // v4l2loopback says that it captures, puts out and converts, all at once; it is a camera when something feeds it.
  if (device.driver === "v4l2 loopback") {
    return captures && device.captureFormats.length > 0 ? "camera" : "output";
  }
  if (has(capability.m2m | capability.m2mMplane) || (captures && outputs)) {
    return convertsCode(device) ? "codec" : "isp";
  }
  if (ispDrivers.test(device.driver)) return has(capability.meta) && !captures ? "metadata" : "isp";
  if (!captures) return roleWithoutPictures(has, outputs);
  if (isRawReceiver(device)) return "raw-receiver";
  return device.captureFormats.length > 0 ? "camera" : "empty";
}

function roleWithoutPictures(has: (bits: number) => boolean, outputs: boolean): VideoRole {
  if (has(capability.meta)) return "metadata";
  if (outputs) return "output";
  if (has(capability.vbi)) return "vbi";
  if (has(capability.sdr)) return "sdr";
  return has(capability.radio) ? "radio" : "other";
}

/** Whether one side is compressed; else it scales or converts. */
function convertsCode(device: VideoDevice): boolean {
  return [...device.captureFormats, ...device.outputFormats].some((format) => format.isCompressed);
}

/** Nodes of the media controller give nothing until somebody has linked and configured the way from the sensor. A receiver without
 * one may well give pictures (an HDMI bridge, a sensor with a processor of its own), unless they are Bayer. */
function isRawReceiver(device: VideoDevice): boolean {
  if ((device.capabilities & capability.mediaController) !== 0) return true;
  if (/^usb-/.test(device.busInfo)) return false;
  const formats = device.captureFormats;
  if (receiverDrivers.test(device.driver)) return formats.length === 0 || formats.some(isBayer);
  return formats.length > 0 && formats.every(isBayer);
}

/** Whether a node that can't be asked is, by its name, surely no camera. */
export function isNamedLikeCodec(label: string): boolean {
  return /codec|-isp\b|\bisp-|pispbe|hevc|rpivid|vpu|venus|hantro|wave5|stat(s|istics)?\b|params\b|metadata/i.test(
    label,
  );
}
