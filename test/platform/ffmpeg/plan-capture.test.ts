// Plans by FFmpeg's version, and names that may not pass.
import { describe, expect, it } from "vitest";
import type { CaptureInput } from "../../../platform/contract/media-capture.ts";
import { isAtLeast, parseFfmpegVersion } from "../../../platform/ffmpeg/ffmpeg-version.ts";
import { planCapture } from "../../../platform/ffmpeg/plan-capture.ts";

const gray = { video: { pixels: "gray8" } } as const;
const rtsp: CaptureInput = {
  kind: "rtsp",
  url: "rtsp://host/",
  transport: "tcp",
  listen: false,
  timeoutMs: 5000,
};

/** The option that follows `name` in the first attempt. */
function option(input: CaptureInput, version: string, name: string): string | undefined {
  const [first] = planCapture(input, gray, parseFfmpegVersion(version)).attempts;
  const index = first!.indexOf(name);
  return index < 0 ? undefined : first![index + 1];
}

describe("FFmpeg's version", () => {
  it("is read from releases, and a development build is newer than all", () => {
    expect(parseFfmpegVersion("5.1.9-0+deb12u1")).toMatchObject({ major: 5, minor: 1 });
    expect(parseFfmpegVersion("n6.0")).toMatchObject({ major: 6, minor: 0 });
    expect(isAtLeast(parseFfmpegVersion("4.4.2"), 5, 0)).toBe(false);
    expect(isAtLeast(parseFfmpegVersion("5.0"), 5, 1)).toBe(false);
    expect(isAtLeast(parseFfmpegVersion("N-109468-gd39b34123d"), 5, 1)).toBe(true);
  });

  it("says what the options are called", () => {
    expect(option(rtsp, "4.3.6", "-stimeout")).toBe("5000000");
    expect(option(rtsp, "4.3.6", "-timeout")).toBeUndefined();
    expect(option(rtsp, "5.1", "-timeout")).toBe("5000000");
    expect(planCapture(rtsp, gray, parseFfmpegVersion("4.4")).outputOptions).toContain("-vsync");
    expect(planCapture(rtsp, gray, parseFfmpegVersion("7.1")).outputOptions).toContain("-fps_mode:v");
  });
});

describe("the plan of a capture", () => {
  it("asks a camera for what is wanted of it, and takes the driver's own times", () => {
    const rate = { numerator: 30_000, denominator: 1001 };
    const camera: CaptureInput = {
      kind: "v4l2",
      path: "/dev/video2",
      pixel: "MJPG",
      width: 640,
      height: 480,
      rate,
    };
    expect(option(camera, "5.1", "-input_format")).toBe("mjpeg");
    expect(option(camera, "5.1", "-video_size")).toBe("640x480");
    expect(option(camera, "5.1", "-framerate")).toBe("30000/1001");
    expect(option(camera, "5.1", "-ts")).toBe("default");
    expect(planCapture(camera, gray, parseFfmpegVersion("5.1")).times).toBe("monotonic");
  });

  it("tries hardware first and then without, and only a decoder that there is", () => {
    const attempts = (api: "v4l2m2m" | "nvdec" | "vaapi", codec: string) =>
      planCapture(rtsp, { video: { pixels: "i420", hardware: { api, codec } } }, parseFfmpegVersion("5.1"))
        .attempts;
    expect(attempts("v4l2m2m", "h264")).toHaveLength(2);
    expect(attempts("v4l2m2m", "h264")[0]).toContain("h264_v4l2m2m");
    expect(attempts("v4l2m2m", "h264")[1]).not.toContain("h264_v4l2m2m");
    expect(attempts("nvdec", "h264")[0]).toContain("cuda");
    expect(attempts("v4l2m2m", "-y")).toHaveLength(1);
  });

  it("keeps a camera's or a playlist's words from reaching other protocols", () => {
    const file: CaptureInput = { kind: "file", path: "/a/http:x", realtime: false, loop: false };
    expect(option(file, "5.1", "-protocol_whitelist")).toBe("file,pipe");
    expect(planCapture(file, gray, parseFfmpegVersion("5.1")).input).toBe("file:/a/http:x");
    expect(option(rtsp, "5.1", "-protocol_whitelist")).not.toMatch(/file|http|pipe/);
  });
});
