// V4L2's structures as bytes: sizes, request numbers, and what they say. Little-endian, 64-bit kernels.
import { printable } from "../base/printable.ts";
import type { FrameInterval } from "../contract/machine.ts";

/** Requests with the size of what they take, in bytes.
 * @see include/uapi/linux/videodev2.h of Linux */
export const videoRequests = {
  QUERYCAP: { request: 0x80685600, size: 104 },
  ENUM_FMT: { request: 0xc0405602, size: 64 },
  ENUMINPUT: { request: 0xc050561a, size: 80 },
  ENUM_FRAMESIZES: { request: 0xc02c564a, size: 44 },
  ENUM_FRAMEINTERVALS: { request: 0xc034564b, size: 52 },
} as const;

/** V4L2_CAP_*, those that say which queues there are. */
export const videoCapabilities = {
  captures: 0x1,
  outputs: 0x2,
  capturesPlanes: 0x1000,
  outputsPlanes: 0x2000,
  convertsPlanes: 0x4000,
  converts: 0x8000,
  saysOfThisNode: 0x80000000,
} as const;

/** V4L2_BUF_TYPE_* */
export const videoQueues = { capture: 1, output: 2, capturePlanes: 9, outputPlanes: 10 } as const;

const compressedFlag = 0x1;
const discrete = 1;

/** v4l2_capability. */
export function decodeCapability(view: DataView) {
  const all = view.getUint32(84, true);
  const ofThisNode = view.getUint32(88, true);
  return {
    driver: text(view, 0, 16),
    card: text(view, 16, 32),
    busInfo: text(view, 48, 32),
    capabilities: hasBits(all, videoCapabilities.saysOfThisNode) ? ofThisNode : all,
  };
}

/** Whether all bits are set, also the highest. */
export function hasBits(value: number, bits: number): boolean {
  return (value & bits) >>> 0 === bits;
}

/** Asks for the format of a number in a queue: v4l2_fmtdesc. */
export function encodeFormatQuestion(view: DataView, index: number, queue: number): void {
  clear(view);
  view.setUint32(0, index, true);
  view.setUint32(4, queue, true);
}

export function decodeFormat(view: DataView) {
  const pixel = view.getUint32(44, true);
  return {
    pixel,
    fourcc: fourccOf(pixel),
    description: text(view, 12, 32),
    isCompressed: (view.getUint32(8, true) & compressedFlag) !== 0,
  };
}

/** Four characters; what isn't printable ASCII is "?". A big-endian variant (bit 31) ends in "-BE", as v4l2-ctl shows it. */
export function fourccOf(pixel: number): string {
  const letters = [0, 8, 16, 24].map((shift) => {
    const letter = (pixel >>> shift) & (shift === 24 ? 0x7f : 0xff);
    return letter >= 0x20 && letter < 0x7f ? String.fromCharCode(letter) : "?";
  });
  return letters.join("") + (pixel >>> 31 === 1 ? "-BE" : "");
}

/** v4l2_frmsizeenum. */
export function encodeSizeQuestion(view: DataView, index: number, pixel: number): void {
  clear(view);
  view.setUint32(0, index, true);
  view.setUint32(4, pixel, true);
}

/** A continuous range is one with steps of 1. */
export function decodeSize(view: DataView) {
  const field = (index: number) => view.getUint32(12 + 4 * index, true);
  if (view.getUint32(8, true) === discrete)
    return { kind: "discrete", width: field(0), height: field(1) } as const;
  return {
    kind: "stepwise",
    minWidth: field(0),
    maxWidth: field(1),
    stepWidth: field(2),
    minHeight: field(3),
    maxHeight: field(4),
    stepHeight: field(5),
  } as const;
}

/** v4l2_frmivalenum. */
export function encodeIntervalQuestion(
  view: DataView,
  index: number,
  pixel: number,
  width: number,
  height: number,
): void {
  clear(view);
  view.setUint32(0, index, true);
  view.setUint32(4, pixel, true);
  view.setUint32(8, width, true);
  view.setUint32(12, height, true);
}

/** One interval, or both ends of a range; a range is all that there is to know. */
export function decodeInterval(view: DataView): { isRange: boolean; intervals: readonly FrameInterval[] } {
  const interval = (offset: number) => ({
    numerator: view.getUint32(offset, true),
    denominator: view.getUint32(offset + 4, true),
  });
  return view.getUint32(16, true) === discrete
    ? { isRange: false, intervals: [interval(20)] }
    : { isRange: true, intervals: [interval(20), interval(28)] };
}

/** v4l2_input. */
export function encodeInputQuestion(view: DataView, index: number): void {
  clear(view);
  view.setUint32(0, index, true);
}

export function decodeInput(view: DataView): string {
  return text(view, 4, 32);
}

function clear(view: DataView): void {
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0);
}

/** A NUL-terminated field, as one printable line: what a USB device says of itself is attacker-controlled. */
function text(view: DataView, offset: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const end = bytes.indexOf(0);
  return printable(new TextDecoder().decode(bytes.subarray(0, end < 0 ? length : end)), length);
}
