// What a capture's frames become: filters, layouts and a NUT stream that keeps their times. Pure.
import type { CaptureRequest } from "../contract/media-capture.ts";
import { type FfmpegVersion, isAtLeast } from "./ffmpeg-version.ts";

type VideoRequest = NonNullable<CaptureRequest["video"]>;
type AudioRequest = NonNullable<CaptureRequest["audio"]>;

const pixelFormats: Record<VideoRequest["pixels"], string> = {
  i420: "yuv420p",
  nv12: "nv12",
  gray8: "gray",
  rgb24: "rgb24",
  rgba32: "rgba",
};

/** Streams are written out at most so long after the other stream's frame of the same time, in microseconds. */
const interleaveUs = 100_000;

/** Options after the input. Every packet keeps its input's time: in microseconds for pictures, to the sample for sound, which
 * NUT counts in samples. */
export function planOutput(
  request: Omit<CaptureRequest, "input">,
  version: FfmpegVersion,
): readonly string[] {
  return [
    ...(request.video === undefined ? [] : videoOptions(request.video, version)),
    ...(request.audio === undefined ? [] : audioOptions(request.audio)),
    ...["-sn", "-dn", "-map_metadata", "-1"],
    ...["-max_interleave_delta", `${interleaveUs}`, "-flush_packets", "1", "-write_index", "0"],
  ];
}

function videoOptions(video: VideoRequest, version: FfmpegVersion): readonly string[] {
  const passthrough = [isAtLeast(version, 5, 1) ? "-fps_mode:v" : "-vsync", "passthrough"];
  const filters = [...thinning(video.maxFps), ...scaling(video), `format=${pixelFormats[video.pixels]}`];
  // The raw encoder works on several frames at a time, and would hold back one for each further core.
  const codec = ["-c:v", "rawvideo", "-threads:v", "1", "-enc_time_base:v", "1/1000000"];
  return ["-map", "0:V:0", "-vf", filters.join(","), ...passthrough, ...codec];
}

/** Leaves out frames that come earlier than a quarter of the period before they are due, so that a jittering 30/s isn't halved by
 * `maxFps` 30; what is due next moves on by whole periods, so that 30/s thin out to 20/s and not to 15. */
function thinning(maxFps: number | undefined): readonly string[] {
  if (maxFps === undefined) return [];
  const period = (1 / maxFps).toFixed(9);
  // Variable 0: when the next frame is due. Variable 1: whether this one is taken.
  const taken = `st(1,gte(t+${period}/4,ld(0)))`;
  return [`select='${taken};if(ld(1),st(0,max(ld(0)+${period},t+${period}/2)));ld(1)'`];
}

function scaling({ width, height }: VideoRequest): readonly string[] {
  if (width === undefined && height === undefined) return [];
  return [`scale=${width ?? -2}:${height ?? -2}:flags=bilinear`];
}

function audioOptions(audio: AudioRequest): readonly string[] {
  const rate = audio.rate === undefined ? [] : ["-ar", `${audio.rate}`];
  const channels = audio.channels === undefined ? [] : ["-ac", `${audio.channels}`];
  return ["-map", "0:a:0", ...rate, ...channels, "-c:a", `pcm_${audio.samples}`];
}
