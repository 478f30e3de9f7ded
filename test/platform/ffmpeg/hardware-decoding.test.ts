// By which of FFmpeg's options each kind of hardware decodes.
import { expect, test } from "vitest";
import type { HardwareDecoder } from "../../../platform/contract/media-capture.ts";
import { hardwareOptions } from "../../../platform/ffmpeg/hardware-decoding.ts";

const options = (hardware: HardwareDecoder | undefined) =>
  hardwareOptions({ video: { pixels: "i420", hardware } })?.join(" ");

test.each<[HardwareDecoder, string | undefined]>([
  [{ api: "v4l2m2m", codec: "h264" }, "-c:v h264_v4l2m2m"],
  [{ api: "v4l2m2m", codec: "h264", implementation: "h264_nvv4l2dec" }, "-c:v h264_nvv4l2dec"],
  [{ api: "v4l2m2m", codec: "av1" }, undefined],
  [{ api: "v4l2request", codec: "hevc" }, "-hwaccel drm"],
  [{ api: "nvdec", codec: "av1" }, "-hwaccel cuda"],
  [{ api: "vaapi", codec: "vp9" }, "-hwaccel vaapi"],
])("%j decodes by %s", (hardware, expected) => {
  expect(options(hardware)).toBe(expected);
});

test("nothing is asked of hardware that isn't wished for", () => {
  expect(options(undefined)).toBeUndefined();
});
