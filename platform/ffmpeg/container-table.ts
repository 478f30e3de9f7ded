// Which containers we write, which codecs each holds, and FFmpeg's encoders of them. Pure.
import { RemoteMediaError } from "../base/error.ts";

export interface Container {
  /** FFmpeg's muxer. */
  readonly format: string;
  readonly video: readonly string[];
  readonly audio: readonly string[];
  /** The muxer's own options, as `-segment_format_options` takes them too. */
  readonly options?: Readonly<Record<string, string>>;
}

/** A fragment a key frame: what was written can be played wherever the writing was cut off. */
const fragmented = { movflags: "+frag_keyframe+empty_moov+default_base_moof" };
const modern = ["h264", "hevc", "vp9", "av1", "mpeg4", "mjpeg"];
const pcm = ["pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"];

const containers: Readonly<Record<string, Container>> = {
  mp4: { format: "mp4", video: modern, audio: ["aac", "opus", "mp3", "flac"], options: fragmented },
  mov: { format: "mov", video: modern, audio: ["aac", "mp3", ...pcm], options: fragmented },
  mkv: {
    format: "matroska",
    video: [...modern, "vp8", "ffv1"],
    audio: ["aac", "opus", "vorbis", "mp3", "flac", ...pcm],
  },
  webm: { format: "webm", video: ["vp8", "vp9", "av1"], audio: ["opus", "vorbis"] },
  ts: { format: "mpegts", video: ["h264", "hevc", "mpeg4"], audio: ["aac", "opus", "mp3"] },
  wav: { format: "wav", video: [], audio: pcm },
  flac: { format: "flac", video: [], audio: ["flac"] },
  ogg: { format: "ogg", video: [], audio: ["opus", "vorbis", "flac"] },
  mp3: { format: "mp3", video: [], audio: ["mp3"] },
};

/** FFmpeg's encoders of a codec, the first that a build has is taken. Hardware's are only taken by name: a build that has them says
 * nothing about the machine. */
const encoders: Readonly<Record<string, readonly string[]>> = {
  h264: ["libx264", "libopenh264", "h264_v4l2m2m"],
  hevc: ["libx265", "hevc_v4l2m2m"],
  vp8: ["libvpx"],
  vp9: ["libvpx-vp9"],
  av1: ["libsvtav1", "libaom-av1", "librav1e"],
  mpeg4: ["mpeg4"],
  mjpeg: ["mjpeg"],
  ffv1: ["ffv1"],
  aac: ["aac"],
  opus: ["libopus", "opus"],
  vorbis: ["libvorbis", "vorbis"],
  mp3: ["libmp3lame", "libshine"],
  flac: ["flac"],
  ...Object.fromEntries(pcm.map((name) => [name, [name]])),
};

/** The container that a file's extension says. Throws `output-failed`. */
export function containerOf(path: string): Container {
  const extension = /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  if (Object.hasOwn(containers, extension)) return containers[extension]!;
  throw new RemoteMediaError(
    "output-failed",
    `${JSON.stringify(path)} has no extension of a container that can be written.`,
    {
      hint: `Use one of .${Object.keys(containers).join(", .")}`,
    },
  );
}

export interface ChosenEncoder {
  /** The codec, whatever encodes it. */
  readonly codec: string;
  /** FFmpeg's encoder. */
  readonly name: string;
}

/** FFmpeg's encoder for a codec by name ("h264"), or by the encoder's own ("h264_nvenc"). Throws `output-failed` where the container
 * can't hold it, `ffmpeg-missing` where this FFmpeg has no such encoder. */
export function chooseEncoder(
  asked: string,
  held: readonly string[],
  available: ReadonlySet<string>,
): ChosenEncoder {
  const codec = codecOf(asked);
  if (!held.includes(codec)) {
    throw new RemoteMediaError("output-failed", `This container can't hold ${JSON.stringify(asked)}.`, {
      hint: `Use one of ${held.join(", ")}`,
    });
  }
  const candidates = codec === asked ? encoders[codec]! : [asked];
  const name = candidates.find((candidate) => available.has(candidate));
  if (name !== undefined) return { codec, name };
  throw new RemoteMediaError(
    "ffmpeg-missing",
    `This machine's FFmpeg can't encode ${JSON.stringify(asked)}.`,
    {
      hint: "Install a complete FFmpeg (apt install ffmpeg), or ask for another codec.",
    },
  );
}

function codecOf(asked: string): string {
  const hardware = /^(h264|hevc|av1|vp8|vp9)_(?:nvenc|v4l2m2m|qsv|omx|rkmpp)$/.exec(asked)?.[1];
  if (hardware !== undefined) return hardware;
  return Object.keys(encoders).find((codec) => encoders[codec]!.includes(asked)) ?? asked;
}

/** The names in what `ffmpeg -encoders` prints. */
export function parseEncoders(printed: string): ReadonlySet<string> {
  return new Set([...printed.matchAll(/^ [VAS][A-Z.]{5} (\S{1,64}) /gm)].map((match) => match[1]!));
}
