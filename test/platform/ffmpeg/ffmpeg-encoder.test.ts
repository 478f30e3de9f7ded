// The encoder over the real FFmpeg: what it writes is read back by FFmpeg.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EncodeOutput, EncoderRun } from "../../../platform/contract/media-capture.ts";
import { openFfmpegEncoder } from "../../../platform/ffmpeg/ffmpeg-encoder.ts";
import { failure } from "../../support/failure.ts";

let folder: string;
let nut: Uint8Array;
const at = (name: string) => join(folder, "out", name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "encoder-"));
  const picture = ["-f", "lavfi", "-i", "testsrc=d=4:s=63x47:r=15"];
  const tone = ["-f", "lavfi", "-i", "sine=440:r=16000:d=4"];
  const raw = ["-pix_fmt", "yuv420p", "-c:v", "rawvideo", "-c:a", "pcm_s16le", "-write_index", "0"];
  spawnSync("ffmpeg", ["-v", "error", ...picture, ...tone, ...raw, join(folder, "in.nut")]);
  nut = new Uint8Array(readFileSync(join(folder, "in.nut")));
});
beforeEach(() => {
  rmSync(join(folder, "out"), { recursive: true, force: true });
  mkdirSync(join(folder, "out"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function probe(path: string): { codecs: string[]; seconds: number } {
  const entries = ["-show_entries", "stream=codec_name:format=duration", "-of", "json", path];
  const read = JSON.parse(spawnSync("ffprobe", ["-v", "error", ...entries]).stdout.toString());
  return {
    codecs: (read.streams ?? []).map((stream: { codec_name: string }) => stream.codec_name),
    seconds: Number(read.format?.duration),
  };
}

function asFile(name: string, videoCodec: string, audioCodec: string, more: object = {}): EncodeOutput {
  return { kind: "file", path: at(name), videoCodec, audioCodec, ...more };
}

/** Writes the whole clip in pieces. */
async function feed(run: EncoderRun, pieces = 7): Promise<void> {
  const length = Math.ceil(nut.length / pieces);
  for (let start = 0; start < nut.length; start += length) await run.write(nut.slice(start, start + length));
}

async function encode(output: EncodeOutput, ffmpegPath?: string): Promise<void> {
  const run = openFfmpegEncoder({ ffmpegPath }).open(output);
  try {
    await feed(run);
    await run.close();
  } finally {
    await run.abort();
  }
}

function fake(name: string, script: string): string {
  const path = join(folder, name);
  const asked = `case "$2" in -version) echo "ffmpeg version 5.1"; exit;; -encoders) exec ffmpeg "$@";; esac`;
  writeFileSync(path, `#!/bin/sh\n${asked}\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("a recording", () => {
  it("has the container its name says and the codecs that are asked for", async () => {
    for (const [name, video, audio, codecs] of [
      ["a.mp4", "h264", "aac", ["h264", "aac"]],
      ["a.mkv", "mpeg4", "opus", ["mpeg4", "opus"]],
      ["a.webm", "vp8", "vorbis", ["vp8", "vorbis"]],
      ["a.mov", "mjpeg", "pcm_s16le", ["mjpeg", "pcm_s16le"]],
      ["a.ts", "libx264", "mp3", ["h264", "mp3"]],
      ["a.wav", "", "pcm_s32le", ["pcm_s32le"]],
      ["a.flac", "", "flac", ["flac"]],
      ["a.ogg", "", "opus", ["opus"]],
      ["50% d.mp3", "", "mp3", ["mp3"]],
    ] as const) {
      await encode(asFile(name, video, audio));
      const { codecs: got, seconds } = probe(at(name));
      expect([name, got]).toEqual([name, codecs]);
      expect(Math.abs(seconds - 4)).toBeLessThan(0.3);
    }
  }, 30_000);

  it("in MP4 can be played up to where it was cut off", async () => {
    const run = openFfmpegEncoder().open(asFile("cut.mp4", "h264", "aac"));
    await feed(run);
    await run.close();
    const whole = readFileSync(at("cut.mp4"));
    writeFileSync(at("cut.mp4"), whole.subarray(0, Math.round(whole.length * 0.8)));
    const entries = ["-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets"];
    const counted = spawnSync("ffprobe", ["-v", "quiet", ...entries, "-of", "csv=p=0", at("cut.mp4")]);
    expect(Number(counted.stdout.toString().trim())).toBeGreaterThan(25);
  });

  it("in segments begins each at its time, keeps the newest and goes on where the last run ended", async () => {
    const output = asFile("clip-%03d.mkv", "mpeg4", "aac", { segmentSeconds: 1 });
    await encode(output);
    expect(readdirSync(at("")).sort()).toEqual([0, 1, 2, 3].map((number) => `clip-00${number}.mkv`));
    for (const name of readdirSync(at(""))) expect(Math.abs(probe(at(name)).seconds - 1)).toBeLessThan(0.15);
    await encode({ ...output, keepSegments: 2 } as EncodeOutput);
    expect(readdirSync(at("")).sort()).toEqual(["clip-006.mkv", "clip-007.mkv"]);
  });

  it("in segments believes of FFmpeg's list only what it has made", async () => {
    const names = ["clip-000.mkv", "clip-001.mkv", "clip-002.mkv", "other.mkv", "clip-7.mkv"];
    for (const name of names) writeFileSync(at(name), "");
    writeFileSync(join(folder, "clip-003.mkv"), "");
    // Number 3 is next. It is told in two pieces, between many lines that are nobody's.
    const ffmpegPath = fake(
      "liar",
      `cat > /dev/null
       yes clip-000.mkv | head -n 100000
       printf '%s\\n' clip-009.mkv ../clip-003.mkv other.mkv clip-7.mkv '' '%d' clip-003.mkv clip-004.mkv
       head -c 100000 /dev/zero | tr '\\0' x; echo
       touch "${at("clip-003.mkv")}"
       printf 'clip-0'; sleep 0.2; printf '03.mkv\\nclip-003.mkv\\nclip-004.mkv'`,
    );
    await encode(asFile("clip-%03d.mkv", "mpeg4", "aac", { segmentSeconds: 1, keepSegments: 3 }), ffmpegPath);
    expect(readdirSync(at("")).sort()).toEqual([...names.slice(1), "clip-003.mkv"].sort());
    expect(existsSync(join(folder, "clip-003.mkv"))).toBe(true);
  });

  it("that can't be tells why", async () => {
    for (const [output, code] of [
      [asFile("a.xyz", "h264", "aac"), "output-failed"],
      [asFile("a.webm", "h264", "opus"), "output-failed"],
      [asFile("a.mp4", "h264", "constructor"), "output-failed"],
      [asFile("nowhere/a.mp4", "h264", "aac"), "output-failed"],
      [asFile("clip.mp4", "h264", "aac", { segmentSeconds: 1 }), "output-failed"],
      [{ kind: "alsa", device: "hw:9" }, "device-missing"],
    ] as const) {
      expect([output, (await failure(encode(output))).code]).toEqual([output, code]);
    }
    expect(existsSync(at("a.webm"))).toBe(false);
  }, 20_000);

  it("that finds no room fails, also where much is still to be written", async () => {
    const ffmpegPath = fake("full", `trap '' XFSZ; ulimit -f 64; exec ffmpeg "$@"`);
    const error = await failure(encode(asFile("full.mov", "mjpeg", "pcm_f32le"), ffmpegPath));
    expect(error.code).toBe("output-failed");
    expect(error.message).toMatch(/^There is no room/);
  });
});

describe("pictures", () => {
  it("are a file each, or one that is replaced, and better ones are larger", async () => {
    await encode({ kind: "images", path: at("shot-%04d.jpg"), quality: 90 });
    expect(readdirSync(at("")).sort().slice(0, 2)).toEqual(["shot-0000.jpg", "shot-0001.jpg"]);
    expect(readdirSync(at("")).length).toBe(60);
    await encode({ kind: "images", path: at("good.jpg"), quality: 100 });
    await encode({ kind: "images", path: at("bad.jpg"), quality: 1 });
    expect(readFileSync(at("good.jpg")).length).toBeGreaterThan(readFileSync(at("bad.jpg")).length);
    expect(probe(at("good.jpg")).codecs).toEqual(["mjpeg"]);
  });
});

describe("an encoder", () => {
  it("that takes nothing holds its writer up, and can be given up", async () => {
    const run = openFfmpegEncoder({ ffmpegPath: fake("deaf", "exec sleep 100") }).open(
      asFile("a.mp4", "h264", "aac"),
    );
    const writing = (async () => {
      for (let count = 0; count < 100; count++) await run.write(new Uint8Array(256 * 1024));
      return "all taken";
    })().catch((error: { code: string }) => error.code);
    expect(await Promise.race([writing, Bun.sleep(300).then(() => "waits")])).toBe("waits");
    await run.abort();
    expect(await writing).not.toBe("all taken");
  });

  it("that never got anything leaves nothing", async () => {
    const run = openFfmpegEncoder().open(asFile("a.mp4", "h264", "aac"));
    await run.close();
    expect(readdirSync(at(""))).toEqual([]);
  });
});
