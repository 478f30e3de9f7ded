// Joins what a board's chips decode and encode with what FFmpeg can drive: `hardware` only where both are there.
import type { Absence, BoardFacts, FfmpegFacts, HardwareCodec } from "../../platform/contract/board-facts.ts";
import type { StatedCodecs } from "./statement.ts";

/** The codecs that a statement tells of, as FFmpeg spells them. FFmpeg knows 500; these are what cameras, microphones, streams and
 * files of a pipeline have, so that a statement stays small. */
export const statedCodecs: readonly string[] = [
  ...["h264", "hevc", "av1", "vp8", "vp9", "mjpeg", "mpeg4", "mpeg2video", "mpeg1video", "h263", "vc1"],
  ...["theora", "prores", "rawvideo", "png", "webp", "gif", "bmp"],
  ...["aac", "opus", "mp3", "flac", "vorbis", "alac", "ac3", "eac3", "speex", "amr_nb", "amr_wb", "gsm"],
  ...["adpcm_g722", "adpcm_g726", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le"],
  ...["pcm_s32le", "pcm_f32le"],
];

/** FFmpeg's names of decoders differ from the codec's here and there. */
const cuvidNames: Readonly<Record<string, string>> = { mpeg2video: "mpeg2", mpeg1video: "mpeg1" };

export interface CodecDescription {
  readonly codecs: StatedCodecs;
  readonly encoders: StatedCodecs;
  /** Hardware that is there and that FFmpeg can't drive. */
  readonly absences: readonly Absence[];
}

export function describeCodecs(facts: Pick<BoardFacts, "ffmpeg" | "hardwareCodecs">): CodecDescription {
  const { ffmpeg, hardwareCodecs } = facts;
  if (ffmpeg === undefined) return { codecs: {}, encoders: {}, absences: [] };
  const drivable = hardwareCodecs.filter((codec) => canDrive(codec, ffmpeg));
  const idle = hardwareCodecs.filter(
    (codec) => statedCodecs.includes(codec.codec) && !drivable.some((other) => isSame(codec, other)),
  );
  return {
    codecs: join(ffmpeg.decoders, drivable, "decode"),
    encoders: join(ffmpeg.encoders, drivable, "encode"),
    absences: idle.map(explainIdle),
  };
}

function join(
  known: readonly string[],
  drivable: readonly HardwareCodec[],
  direction: HardwareCodec["direction"],
): StatedCodecs {
  const inHardware = new Set(
    drivable.filter((codec) => codec.direction === direction).map(({ codec }) => codec),
  );
  const stated = statedCodecs.filter((codec) => inHardware.has(codec) || known.includes(codec));
  return Object.fromEntries(stated.map((codec) => [codec, inHardware.has(codec) ? "hardware" : "software"]));
}

function isSame(a: HardwareCodec, b: HardwareCodec): boolean {
  return a.codec === b.codec && a.direction === b.direction;
}

/** Whether this FFmpeg was built with what drives it. @see https://trac.ffmpeg.org/wiki/HWAccelIntro */
function canDrive({ codec, direction, api }: HardwareCodec, ffmpeg: FfmpegFacts): boolean {
  const hasImplementation = (suffix: string) => ffmpeg.hardwareImplementations.includes(`${codec}_${suffix}`);
  switch (api) {
    case "v4l2m2m":
      return hasImplementation("v4l2m2m");
    case "v4l2request":
      return ffmpeg.hwaccels.includes("v4l2request") || ffmpeg.hwaccels.includes("drm");
    case "nvdec":
      return (
        ffmpeg.hwaccels.includes("cuda") ||
        ffmpeg.hardwareImplementations.includes(`${cuvidNames[codec] ?? codec}_cuvid`)
      );
    case "nvenc":
      return hasImplementation("nvenc");
    case "vaapi":
      return direction === "decode" ? ffmpeg.hwaccels.includes("vaapi") : hasImplementation("vaapi");
  }
}

function explainIdle({ codec, direction, api }: HardwareCodec): Absence {
  return {
    about: `${direction === "decode" ? "codecs" : "encoders"}.${codec}`,
    code: "not-supported",
    detail: `the board ${direction}s ${codec} in hardware (${api}), and this FFmpeg can't drive it`,
    mend: `install an FFmpeg that is built with ${api}`,
  };
}
