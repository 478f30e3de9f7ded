// ALSA's PCM structures as bytes: sizes, request numbers, and what they say. Little-endian, 64-bit kernels.
import { printable } from "../base/printable.ts";

/** Requests with the size of what they take, in bytes.
 * @see include/uapi/sound/asound.h of Linux */
export const pcmRequests = {
  INFO: { request: 0x81204101, size: 288 },
  HW_REFINE: { request: 0xc2604110, size: 608 },
} as const;

/** Of snd_pcm_hw_params: `flags`, 8 masks of 32 bytes, 21 intervals of 12, then `rmask`, `cmask` and `info`. */
const masksAt = 4;
const maskBytes = 32;
const intervalsAt = 260;
const intervalBytes = 12;
const requestedAt = 512;
const infoAt = 520;

const formatMask = 1;
const channels = 2;
const rate = 3;
const [openMin, openMax, isInteger, isEmpty] = [1, 2, 4, 8];

/** By bit, as ALSA numbers them; those without a name are none that we would know. */
const formatNames: readonly string[] = [
  ...["S8", "U8", "S16_LE", "S16_BE", "U16_LE", "U16_BE", "S24_LE", "S24_BE", "U24_LE", "U24_BE"],
  ...["S32_LE", "S32_BE", "U32_LE", "U32_BE", "FLOAT_LE", "FLOAT_BE", "FLOAT64_LE", "FLOAT64_BE"],
  ...["IEC958_SUBFRAME_LE", "IEC958_SUBFRAME_BE", "MU_LAW", "A_LAW", "IMA_ADPCM", "MPEG", "GSM"],
  ...["S20_LE", "S20_BE", "U20_LE", "U20_BE", "", "", "SPECIAL"],
  ...["S24_3LE", "S24_3BE", "U24_3LE", "U24_3BE", "S20_3LE", "S20_3BE", "U20_3LE", "U20_3BE"],
  ...["S18_3LE", "S18_3BE", "U18_3LE", "U18_3BE", "G723_24", "G723_24_1B", "G723_40", "G723_40_1B"],
  ...["DSD_U8", "DSD_U16_LE", "DSD_U32_LE", "DSD_U16_BE", "DSD_U32_BE"],
];

/** snd_pcm_info: what the device is called. */
export function decodePcmInfo(view: DataView): { id: string; name: string } {
  return { id: text(view, 16, 64), name: text(view, 80, 80) };
}

/** A question that excludes nothing: every mask full, every interval from 0 to the largest number, every parameter asked for. */
export function encodeAnyParameters(view: DataView): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  bytes.fill(0);
  bytes.fill(0xff, masksAt, masksAt + 3 * maskBytes);
  for (let index = 0; index < 12; index++)
    view.setUint32(intervalsAt + index * intervalBytes + 4, 2 ** 32 - 1, true);
  view.setUint32(requestedAt, 2 ** 32 - 1, true);
  view.setUint32(infoAt, 2 ** 32 - 1, true);
}

/** snd_pcm_hw_params once the driver has taken away what it can't do. */
export function decodeParameters(view: DataView) {
  const [minChannels, maxChannels] = interval(view, channels);
  const [minRate, maxRate] = interval(view, rate);
  return { formats: formatsOf(view), minChannels, maxChannels, minRate, maxRate };
}

function formatsOf(view: DataView): string[] {
  const at = masksAt + formatMask * maskBytes;
  return formatNames.filter((name, bit) => {
    const word = view.getUint32(at + 4 * Math.floor(bit / 32), true);
    return name !== "" && ((word >>> (bit % 32)) & 1) === 1;
  });
}

/** Both ends, included; 0 and 0 of an empty one. An end that is open isn't part of the range. */
function interval(view: DataView, index: number): [min: number, max: number] {
  const at = intervalsAt + index * intervalBytes;
  const flags = view.getUint32(at + 8, true);
  if ((flags & isEmpty) !== 0) return [0, 0];
  const whole = (flags & isInteger) !== 0;
  const min = view.getUint32(at, true) + (whole && (flags & openMin) !== 0 ? 1 : 0);
  const max = view.getUint32(at + 4, true) - (whole && (flags & openMax) !== 0 ? 1 : 0);
  return max < min ? [0, 0] : [min, max];
}

/** A NUL-terminated field, as one printable line: what a USB device says of itself is attacker-controlled. */
function text(view: DataView, offset: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const end = bytes.indexOf(0);
  return printable(new TextDecoder().decode(bytes.subarray(0, end < 0 ? length : end)), length);
}
