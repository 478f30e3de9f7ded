// V4L2's four characters of a pixel format into FFmpeg's name.
import { RemoteMediaError } from "../base/error.ts";

/** What FFmpeg's v4l2 input can take. @see libavdevice/v4l2-common.c, linux/videodev2.h */
const names: Readonly<Record<string, string>> = {
  YUYV: "yuyv422",
  UYVY: "uyvy422",
  YU12: "yuv420p",
  YV12: "yuv420p",
  "422P": "yuv422p",
  "411P": "yuv411p",
  YUV9: "yuv410p",
  NV12: "nv12",
  GREY: "gray",
  "Y16 ": "gray16le",
  Y16: "gray16le",
  RGBO: "rgb555le",
  RGBP: "rgb565le",
  RGB3: "rgb24",
  BGR3: "bgr24",
  XR24: "bgr0",
  BX24: "0rgb",
  AR24: "bgra",
  BA24: "argb",
  RGB4: "0rgb",
  BGR4: "bgr0",
  BA81: "bayer_bggr8",
  GBRG: "bayer_gbrg8",
  GRBG: "bayer_grbg8",
  RGGB: "bayer_rggb8",
  MJPG: "mjpeg",
  JPEG: "mjpeg",
  H264: "h264",
  MPG4: "mpeg4",
};

/** Throws `device-unsupported` for one that FFmpeg can't take. */
export function v4l2Format(pixel: string): string {
  if (Object.hasOwn(names, pixel)) return names[pixel]!;
  throw new RemoteMediaError(
    "device-unsupported",
    `FFmpeg can't read pictures as ${JSON.stringify(pixel)}.`,
    {
      hint: `Ask the camera for one of ${Object.keys(names).join(", ")}.`,
    },
  );
}
