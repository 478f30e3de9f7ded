// Capture over the real FFmpeg from files with known times, and over programs that stand in for a bad one.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CaptureInput, CaptureRequest } from "../../../platform/contract/media-capture.ts";
import { openFfmpegCapture } from "../../../platform/ffmpeg/ffmpeg-capture.ts";
import { failure } from "../../support/failure.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const never = new AbortController().signal;
const microphone: CaptureInput = { kind: "alsa", device: "hw:0" };
const sound: CaptureRequest = { input: microphone, audio: { samples: "s16le" } };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capture-"));
  const jitter = "setpts='(N/30+mod(N*7,5)*0.0013)/TB',settb=1/1000000";
  const picture = ["-f", "lavfi", "-i", `testsrc=d=2:s=64x48:r=30,settb=1/1000000,${jitter}`];
  const tone = ["-f", "lavfi", "-i", "sine=440:r=8000:d=2"];
  run("ffmpeg", [
    ...picture,
    ...tone,
    "-fps_mode",
    "passthrough",
    "-enc_time_base",
    "1/1000000",
    "-c:v",
    "rawvideo",
    "-c:a",
    "pcm_s16le",
    at("both.nut"),
  ]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, [
    "-v",
    "error",
    ...(program === "ffmpeg" ? ["-y"] : []),
    ...args,
  ]);
  if (status !== 0) expect.fail(stderr.toString());
  return stdout.toString();
}

/** The times and sizes of a stream's packets, as FFmpeg reads them. */
function packets(file: string, stream: "v" | "a"): number[][] {
  const entries = ["-select_streams", stream, "-show_entries", "packet=pts_time,size", "-of", "csv=p=0"];
  const lines = run("ffprobe", [...entries, file])
    .trim()
    .split("\n");
  return lines.map((line) => line.split(",").slice(0, 2).map(Number));
}

function file(more: Partial<Extract<CaptureInput, { kind: "file" }>> = {}): CaptureInput {
  return { kind: "file", path: at("both.nut"), realtime: false, loop: false, ...more };
}

async function captured(request: CaptureRequest, name: string, ffmpegPath?: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of openFfmpegCapture({ ffmpegPath }).capture(request, never).bytes)
    chunks.push(chunk);
  writeFileSync(at(name), Buffer.concat(chunks));
  return at(name);
}

/** A program that stands in for FFmpeg: it says its version, and else runs `script`. */
function fake(name: string, script: string, version = "5.1.9"): string {
  writeFileSync(
    at(name),
    `#!/bin/sh\n[ "$2" = -version ] && echo "ffmpeg version ${version}" && exit\n${script}\n`,
  );
  chmodSync(at(name), 0o755);
  return at(name);
}

const isRunning = (pidFile: string) => existsSync(`/proc/${readFileSync(pidFile, "utf8").trim()}/exe`);

describe("a capture's frames", () => {
  it("have their input's times to the microsecond, whatever the layout", async () => {
    const given = packets(at("both.nut"), "v");
    for (const [pixels, bytes] of [
      ["gray8", 1],
      ["i420", 1.5],
      ["nv12", 1.5],
      ["rgb24", 3],
      ["rgba32", 4],
    ] as const) {
      const nut = await captured({ input: file(), video: { pixels } }, `${pixels}.nut`);
      expect(packets(nut, "v")).toEqual(given.map(([pts]) => [pts, 64 * 48 * bytes]));
    }
  });

  it("have their sound's times to the sample, and its rate and channels as asked", async () => {
    const request = { input: file(), audio: { samples: "f32le", rate: 16_000, channels: 2 } } as const;
    const given = packets(await captured(request, "sound.nut"), "a");
    const samples = given.reduce((sum, [, bytes]) => sum + bytes! / 8, 0);
    expect(given[0]![0]).toBe(0);
    expect(samples).toBeGreaterThan(31_900);
    expect(samples).toBeLessThan(32_100);
  });

  it("are thinned out to the rate that is asked for, and keep their times", async () => {
    const given = new Set(packets(at("both.nut"), "v").map(([pts]) => pts));
    for (const [maxFps, frames] of [
      [30, 60],
      [20, 40],
      [10, 20],
      [7, 14],
    ] as const) {
      const request = { input: file(), video: { pixels: "gray8", maxFps } } as const;
      const thinned = packets(await captured(request, "thin.nut"), "v");
      expect(Math.abs(thinned.length - frames)).toBeLessThanOrEqual(1);
      expect(thinned.every(([pts]) => given.has(pts))).toBe(true);
    }
  });

  it("go on counting where a file begins again", async () => {
    const stop = new AbortController();
    const chunks: Uint8Array[] = [];
    let total = 0;
    const request = { input: file({ loop: true }), video: { pixels: "gray8" } } as const;
    for await (const chunk of openFfmpegCapture().capture(request, stop.signal).bytes) {
      chunks.push(chunk);
      total += chunk.length;
      if (total > 150 * 64 * 48) stop.abort();
    }
    writeFileSync(at("loop.nut"), Buffer.concat(chunks));
    const times = packets(at("loop.nut"), "v").map(([pts]) => pts!);
    expect(times.length).toBeGreaterThan(140);
    expect(times.every((pts, index) => index === 0 || pts > times[index - 1]!)).toBe(true);
  });

  it("come at their own pace where that is asked for", async () => {
    const since = performance.now();
    await captured({ input: file({ realtime: true }), video: { pixels: "gray8" } }, "paced.nut");
    expect(performance.now() - since).toBeGreaterThan(1500);
  });
});

describe("a capture that can't be", () => {
  it("tells whose fault it is", async () => {
    const camera = { kind: "v4l2", path: "/dev/video63" } as const;
    const request = (input: CaptureInput): CaptureRequest => ({ input, video: { pixels: "gray8" } });
    writeFileSync(at("garbage.bin"), "garbage");
    for (const [wrong, code] of [
      [request(camera), "device-missing"],
      [request({ ...camera, pixel: "NOPE" }), "device-unsupported"],
      [request(file({ path: at("none.mp4") })), "input-missing"],
      [request(file({ path: at("garbage.bin") })), "input-invalid"],
      [{ ...sound, input: { ...microphone, device: "hw:9" } }, "device-missing"],
      [{ ...sound, input: { ...microphone, device: "tee:x,/tmp/y" } }, "device-missing"],
    ] as const) {
      expect([wrong.input, (await failure(captured(wrong, "none.nut"))).code]).toEqual([wrong.input, code]);
    }
  });

  it("for want of FFmpeg, or of a new one, or of what it was built with, tells that", async () => {
    const missing = openFfmpegCapture({ searchPath: at("nowhere") }).capture(sound, never).bytes;
    expect((await failure(Array.fromAsync(missing))).code).toBe("ffmpeg-missing");
    const old = fake("old", "exit 1", "3.4.8");
    expect((await failure(captured(sound, "none.nut", old))).message).toContain("3.4.8");
    const bare = fake("bare", `echo "Unknown input format: 'alsa'" >&2; exit 1`);
    const error = await failure(captured(sound, "none.nut", bare));
    expect([error.code, error.hint]).toEqual([
      "ffmpeg-missing",
      "Install a complete FFmpeg: apt install ffmpeg",
    ]);
  });

  it("of a camera whose driver gives another size is refused, not taken", async () => {
    const said = "[video4linux2,v4l2 @ 0x5] [info] The V4L2 driver changed the video from 641x481 to 640x480";
    const ffmpegPath = fake("changed", `echo "${said}" >&2; exec sleep 100`);
    const input = { kind: "v4l2", path: "/dev/video0", width: 641, height: 481 } as const;
    const error = await failure(captured({ input, video: { pixels: "gray8" } }, "none.nut", ffmpegPath));
    expect(error.code).toBe("device-unsupported");
    expect(error.message).toContain("640x480");
  });

  it("by hardware is done by software, and by 32-bit samples by 16-bit ones", async () => {
    const picky = `case "$*" in *_v4l2m2m*|*pcm_s32le*-f*alsa*) echo "Could not find a valid device" >&2; exit 1;; esac`;
    const ffmpegPath = fake("picky", `${picky}\nprintf frames; exec ffmpeg -v quiet -h >&2`);
    const hardware = { api: "v4l2m2m", codec: "h264" } as const;
    const video = { input: file(), video: { pixels: "gray8", hardware } } as const;
    expect(readFileSync(await captured(video, "soft.nut", ffmpegPath), "utf8")).toBe("frames");
    const request = { input: microphone, audio: { samples: "f32le" } } as const;
    expect((await failure(captured(request, "none.nut", ffmpegPath))).code).toBe("capture-broken");
  });
});

describe("a capture that breaks", () => {
  it("says so where FFmpeg dies, and also where it ends well although a device has no end", async () => {
    for (const [script, says] of [
      ["printf frames; echo '/dev/x: No such device' >&2; exit 1", "No such device"],
      ["printf frames; kill -SEGV $$", "SIGSEGV|signal|ended"],
      ["printf frames", "ended"],
      ["printf frames; exec >&-; exec sleep 100", "nothing came"],
    ] as const) {
      const error = await failure(captured(sound, "none.nut", fake("dying", script)));
      expect([script, error.code]).toEqual([script, "capture-broken"]);
      expect(error.message).toMatch(new RegExp(says));
    }
  }, 20_000);

  it("keeps little of garbage on stderr, and shows less", async () => {
    const garbage =
      "head -c 30000000 /dev/zero | tr '\\0' '\\033' >&2; printf '\\n\\033[31mred\\n' >&2; exit 1";
    const error = await failure(captured(sound, "none.nut", fake("garbage", garbage)));
    expect(error.code).toBe("ffmpeg-failed");
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).not.toContain("\u001b");
  });
});

describe("a capture that is stopped", () => {
  const stubborn = () =>
    fake("stubborn", `trap '' TERM\necho $$ > ${at("pid")}\nprintf frames\nwhile :; do sleep 0.05; done`);

  it("by the signal ends without an error, and is killed where it doesn't listen", async () => {
    const stop = new AbortController();
    const since = performance.now();
    for await (const _ of openFfmpegCapture({ ffmpegPath: stubborn() }).capture(sound, stop.signal).bytes)
      stop.abort();
    expect(isRunning(at("pid"))).toBe(false);
    expect(performance.now() - since).toBeLessThan(2000);
  });

  it("by the end of the iteration is gone when that has ended", async () => {
    for await (const _ of openFfmpegCapture({ ffmpegPath: stubborn() }).capture(sound, never).bytes) break;
    expect(isRunning(at("pid"))).toBe(false);
  });

  it("is asked to end first, so that it can let go of its camera", async () => {
    const polite = `trap 'echo asked > ${at("asked")}; exit 0' TERM\nprintf frames\nwhile :; do sleep 0.05; done`;
    const capture = openFfmpegCapture({ ffmpegPath: fake("polite", polite) });
    for await (const _ of capture.capture(sound, never).bytes) break;
    expect(readFileSync(at("asked"), "utf8")).toBe("asked\n");
  });
});
