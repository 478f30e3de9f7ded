// Which of the hardware's codecs FFmpeg can drive: only those are of use here.
import type { Absence, HardwareCodec } from "../contract/board-facts.ts";
import type { FfmpegCodecs } from "./ffmpeg-answers.ts";

/** What FFmpeg was found to have. */
export interface FfmpegWays {
  readonly codecs: FfmpegCodecs;
  readonly hwaccels: readonly string[];
  /** `--enable-…` of its build. */
  readonly configuration: string;
}

/** FFmpeg's implementations name some codecs in short. */
const stems: Readonly<Record<string, string>> = { mpeg1video: "mpeg1", mpeg2video: "mpeg2" };
/** Codecs that people ask for: that hardware for them lies idle is worth a sentence. */
const telling = ["h264", "hevc", "vp8", "vp9", "av1"];

/** A codec counts as hardware where a device says that it does it *and* FFmpeg has the way to that device:
 * `v4l2m2m` an implementation of that name and direction; `v4l2request` a build with the request API; `nvdec` the `cuda` way or a
 * `_cuvid` decoder; `nvenc` the encoder of that name; `vaapi` the `vaapi` way to decode and the encoder of that name. */
export function joinCodecs(
  seen: readonly HardwareCodec[],
  ways: FfmpegWays,
): { codecs: HardwareCodec[]; absences: Absence[] } {
  const codecs = seen.filter((codec) => isDriven(codec, ways));
  const idle = seen.filter(
    (codec) =>
      telling.includes(codec.codec) &&
      !codecs.some(({ codec: name, direction }) => name === codec.codec && direction === codec.direction),
  );
  return { codecs, absences: explainIdle(idle) };
}

function isDriven({ codec, direction, api }: HardwareCodec, ways: FfmpegWays): boolean {
  const implementation = (suffix: string): boolean =>
    ways.codecs.hardware[direction].has(`${Object.hasOwn(stems, codec) ? stems[codec] : codec}_${suffix}`);
  switch (api) {
    case "v4l2m2m":
      return implementation("v4l2m2m");
    case "v4l2request":
      return ways.hwaccels.includes("v4l2request") || /--enable-v4l2-request\b/.test(ways.configuration);
    case "nvdec":
      return ways.hwaccels.includes("cuda") || implementation("cuvid");
    case "nvenc":
      return implementation("nvenc");
    case "vaapi":
      return direction === "decode" ? ways.hwaccels.includes("vaapi") : implementation("vaapi");
  }
}

const needs: Readonly<Record<HardwareCodec["api"], string>> = {
  v4l2m2m: "with V4L2 M2M (--enable-v4l2-m2m)",
  v4l2request: "with the V4L2 request API, such as Raspberry Pi OS's",
  nvdec: "with NVDEC (--enable-nvdec)",
  nvenc: "with NVENC (--enable-nvenc)",
  vaapi: "with VAAPI (--enable-vaapi)",
};

function explainIdle(idle: readonly HardwareCodec[]): Absence[] {
  const byCodec = Map.groupBy(idle, ({ codec, direction }) => `${codec} ${direction}`);
  return [...byCodec.values()].map(([first]) => ({
    about: `codecs.${first!.codec}`,
    code: "not-supported",
    detail: `There is hardware to ${first!.direction} ${first!.codec} (${first!.api}, ${first!.device ?? "no file"}), but this FFmpeg can't use it.`,
    mend: `Install an FFmpeg ${needs[first!.api]}`,
  }));
}
