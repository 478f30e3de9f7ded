// FFmpeg's options for decoding by hardware. Pure.
import type { CaptureRequest } from "../contract/media-capture.ts";

// FFmpeg has a stateful V4L2 decoder of each. @see libavcodec/v4l2_m2m_dec.c
const v4l2Decoders: ReadonlySet<string> = new Set([
  "h264",
  "hevc",
  "vp8",
  "vp9",
  "mpeg4",
  "mpeg2",
  "mpeg1",
  "h263",
  "vc1",
]);

/** Options before the input; undefined where none is asked for, or FFmpeg knows no way. */
export function hardwareOptions(request: Pick<CaptureRequest, "video">): readonly string[] | undefined {
  const wanted = request.video?.hardware;
  if (wanted === undefined) return undefined;
  if (wanted.implementation !== undefined) return ["-c:v", wanted.implementation];
  switch (wanted.api) {
    case "v4l2m2m":
      return v4l2Decoders.has(wanted.codec) ? ["-c:v", `${wanted.codec}_v4l2m2m`] : undefined;
    // Raspberry Pi OS's FFmpeg reaches the request API by this name.
    case "v4l2request":
      return ["-hwaccel", "drm"];
    case "nvdec":
      return ["-hwaccel", "cuda"];
    case "vaapi":
      return ["-hwaccel", "vaapi"];
  }
}
