// Which codecs a statement tells of, and which of them the machine's hardware does.
import type { BoardFacts, HardwareCodec } from "../../platform/contract/board-facts.ts";
import type { StatedCodecs } from "./statement.ts";

/** The codecs that a statement tells of, as FFmpeg spells them. FFmpeg knows 500; these are what cameras, microphones, streams and
 * files of a pipeline have, so that a statement stays small. */
const statedCodecs: readonly string[] = [
  ...["h264", "hevc", "av1", "vp8", "vp9", "mjpeg", "mpeg4", "mpeg2video", "mpeg1video", "h263", "vc1"],
  ...["theora", "prores", "rawvideo", "png", "webp", "gif", "bmp"],
  ...["aac", "opus", "mp3", "flac", "vorbis", "alac", "ac3", "eac3", "speex", "amr_nb", "amr_wb", "gsm"],
  ...["adpcm_g722", "adpcm_g726", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le"],
  ...["pcm_s32le", "pcm_f32le"],
];

/** `hardware` where the facts have hardware that FFmpeg can drive, `software` where only FFmpeg does it. Without FFmpeg there are none. */
export function describeCodecs({
  ffmpeg,
  hardwareCodecs,
}: Pick<BoardFacts, "ffmpeg" | "hardwareCodecs">): Record<"codecs" | "encoders", StatedCodecs> {
  if (ffmpeg === undefined) return { codecs: {}, encoders: {} };
  return {
    codecs: join(ffmpeg.decoders, hardwareCodecs, "decode"),
    encoders: join(ffmpeg.encoders, hardwareCodecs, "encode"),
  };
}

function join(
  known: readonly string[],
  hardwareCodecs: readonly HardwareCodec[],
  direction: HardwareCodec["direction"],
): StatedCodecs {
  const own = hardwareCodecs.filter((codec) => codec.direction === direction);
  const inHardware = new Set(own.map(({ codec }) => codec));
  const stated = statedCodecs.filter((codec) => inHardware.has(codec) || known.includes(codec));
  return Object.fromEntries(stated.map((codec) => [codec, inHardware.has(codec) ? "hardware" : "software"]));
}
