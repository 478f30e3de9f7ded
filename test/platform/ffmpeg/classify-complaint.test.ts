// FFmpeg's words, as its versions and its libraries say them, into our codes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isErrorCode } from "../../../platform/base/error-codes.ts";
import {
  type ComplaintSubject,
  classifyComplaint,
  withoutCredentials,
} from "../../../platform/ffmpeg/classify-complaint.ts";

const said: readonly (readonly [ComplaintSubject["kind"], string, string])[] = [
  ["camera", "/dev/video0: No such file or directory", "device-missing"],
  ["camera", "[video4linux2,v4l2 @ 0x55] ioctl(VIDIOC_DQBUF): No such device", "device-missing"],
  [
    "camera",
    "[video4linux2,v4l2 @ 0x55] Cannot open video device /dev/video0: Permission denied",
    "device-denied",
  ],
  ["camera", "[video4linux2,v4l2 @ 0x55] ioctl(VIDIOC_STREAMON): Device or resource busy", "device-busy"],
  ["camera", "[video4linux2,v4l2 @ 0x55] Not a video capture device.", "device-unsupported"],
  [
    "camera",
    "[video4linux2,v4l2 @ 0x55] ioctl(VIDIOC_G_INPUT): Inappropriate ioctl for device",
    "device-unsupported",
  ],
  [
    "camera",
    "[v4l2 @ 0x55] Cannot find a proper format for codec 'mjpeg' (id 7), pixel format 'none' (id -1)",
    "device-unsupported",
  ],
  ["camera", "rpicam-vid: unrecognised option '--metadata'", "device-unsupported"],
  ["camera", "Unknown input format: 'v4l2'", "ffmpeg-missing"],
  ["sound", "[alsa @ 0x55] cannot open audio device hw:1 (Device or resource busy)", "device-busy"],
  ["sound", "[alsa @ 0x55] cannot open audio device hw:1 (No such device)", "device-missing"],
  ["sound", "[alsa @ 0x55] cannot set channel count to 2 (Invalid argument)", "device-unsupported"],
  ["sound", "[alsa @ 0x55] cannot set sample format 0x10000 2 (Invalid argument)", "device-unsupported"],
  ["sound", "default: Connection refused", "device-missing"],
  [
    "stream",
    "[tcp @ 0x55] Connection to tcp://10.0.0.9:554?timeout=0 failed: Connection refused",
    "stream-unreachable",
  ],
  ["stream", "rtsp://cam/: Connection timed out", "stream-unreachable"],
  ["stream", "[tcp @ 0x55] Failed to resolve hostname cam: Name or service not known", "stream-unreachable"],
  ["stream", "rtsp://cam/: No route to host", "stream-unreachable"],
  ["stream", "[rtsp @ 0x55] method DESCRIBE failed: 401 Unauthorized", "stream-denied"],
  ["stream", "[rtsp @ 0x55] method DESCRIBE failed: 404 Not Found", "stream-unreachable"],
  ["stream", "[rtsp @ 0x55] method SETUP failed: 503 Service Unavailable", "stream-unreachable"],
  ["stream", "Stream map '0:a:0' matches no streams.", "device-unsupported"],
  ["file", "file:/x.mp4: No such file or directory", "input-missing"],
  ["file", "[mov,mp4,m4a @ 0x55] moov atom not found", "input-invalid"],
  ["output", "av_interleaved_write_frame(): No space left on device", "output-failed"],
  ["output", "Unknown encoder 'libx264'", "ffmpeg-missing"],
  ["camera", "something that nobody has ever heard", "ffmpeg-failed"],
];

describe("what FFmpeg complains of", () => {
  it("has its code, its words in the message, and a mend", () => {
    for (const [kind, words, code] of said) {
      const error = classifyComplaint(`${words}\nConversion failed!\n`, { kind, name: "x" }, "ffmpeg-failed");
      expect([words, error.code]).toEqual([words, code]);
      if (code === "ffmpeg-failed") continue;
      expect(error.message).toContain(words.replace(/^\[.*0x55\] /, ""));
      expect(error.hint).toMatch(/\S/);
    }
  });

  it("is a code and harmless to show, whatever it is", () => {
    const kinds = fc.constantFrom(...said.map(([kind]) => kind));
    const word = fc.constantFrom(
      "\u001b[2J",
      "\u202e",
      "busy",
      "\n",
      "rtsp://u:p@h/",
      "[error] ",
      "401 ",
      "%s",
    );
    const words = fc.array(fc.oneof(word, fc.string({ unit: "binary" }))).map((parts) => parts.join(""));
    fc.assert(
      fc.property(kinds, words, (kind, stderr) => {
        const error = classifyComplaint(stderr, { kind, name: "x" }, "ffmpeg-failed");
        expect(isErrorCode(error.code)).toBe(true);
        expect(error.message.length).toBeLessThan(500);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|u:p@/);
      }),
    );
  });

  it("shows no credentials, whatever they are made of", () => {
    const mark = fc.constantFrom(..."abz09:/@?#%!$&'()*+,;=-._~[]");
    const secret = fc.array(mark, { minLength: 1, maxLength: 30 }).map((marks) => `S3CR3T${marks.join("")}`);
    fc.assert(
      fc.property(secret, (password) => {
        expect(withoutCredentials(`rtsp://user:${password}@camera/x: Connection refused`)).not.toContain(
          "S3CR3T",
        );
      }),
    );
  });

  it("is read in no time, however it is made", () => {
    const since = performance.now();
    for (const hostile of ["a://", "rtsp://@", "[x @ 0x1] ", "["]) {
      classifyComplaint(
        hostile.repeat(16_384 / hostile.length),
        { kind: "stream", name: "x" },
        "ffmpeg-failed",
      );
    }
    expect(performance.now() - since).toBeLessThan(1000);
  });
});
