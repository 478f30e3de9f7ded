// From SyntheticSource through the sinks and this machine's FFmpeg into files, and what is in them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeNodeType } from "../../../../agent/native/node-type.ts";
import { fileSink } from "../../../../agent/native/nodes/file-sink.ts";
import { imageSink } from "../../../../agent/native/nodes/image-sink.ts";
import { syntheticSource } from "../../../../agent/native/nodes/synthetic-source.ts";
import { readCounter } from "../../../../agent/native/synthetic/frame-counter.ts";
import { isTimeMark } from "../../../../agent/node/runner.ts";
import { openFfmpegEncoder } from "../../../../platform/ffmpeg/ffmpeg-encoder.ts";
import { testContext } from "./native-context.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "recording-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Records what a synthetic source gives; frames of `video` go to the input `as` where it has another name. */
async function record(
  source: object,
  type: NativeNodeType,
  sinkParams: Record<string, unknown>,
  as = "video",
) {
  const ports = as === "video" ? ["video", "audio"] : ["video"];
  const context = testContext({
    wanted: new Set(ports),
    connected: new Set(ports),
    encoder: openFfmpegEncoder(),
  });
  const from = await syntheticSource.openSource!({ ...source, realtime: false }, context);
  const sink = await type.openSink!(sinkParams, context);
  for await (const frame of from.frames(new AbortController().signal)) {
    if (isTimeMark(frame)) continue;
    await sink.write(frame.port === "video" ? { ...frame, port: as } : frame);
  }
  await sink.close();
}

function ffmpeg(program: "ffmpeg" | "ffprobe", args: readonly string[]): Uint8Array {
  const { status, stdout, stderr } = spawnSync(program, ["-v", "error", ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) expect.fail(String(stderr));
  return new Uint8Array(stdout);
}

/** The counters of a file's pictures. */
function countersOf(path: string, width: number, height: number): (number | undefined)[] {
  const raw = ffmpeg("ffmpeg", [
    "-i",
    path,
    "-fps_mode",
    "passthrough",
    "-pix_fmt",
    "gray",
    "-f",
    "rawvideo",
    "-",
  ]);
  const size = width * height;
  return Array.from({ length: raw.length / size }, (_, index) => {
    const data = raw.subarray(index * size, (index + 1) * size);
    return readCounter({ width, height, format: "gray8", data });
  });
}

/** Times of a stream's packets, in seconds, by time. */
function timesOf(path: string, stream: string): number[] {
  const args = ["-select_streams", stream, "-show_entries", "packet=pts_time", "-of", "csv=p=0", path];
  const lines = new TextDecoder().decode(ffmpeg("ffprobe", args)).trim().split("\n");
  return lines.map((line) => Number.parseFloat(line)).sort((a, b) => a - b);
}

const counted = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe("A recording", () => {
  it("holds every picture at its time, and the sound beside it", async () => {
    const path = join(folder, "both.mp4");
    const source = {
      width: 320,
      height: 240,
      fps: 25,
      signal: "speech",
      sample_rate: 48_000,
      duration_s: 2,
      start_at: 100,
    };
    await record(source, fileSink, { path });
    expect(countersOf(path, 320, 240)).toEqual(counted(100, 50));
    const times = timesOf(path, "v:0");
    expect(times.length).toBe(50);
    for (const [index, time] of times.entries()) expect(time - times[0]!).toBeCloseTo(index * 0.04, 3);
    // AAC begins with a packet before the first sample.
    const sound = timesOf(path, "a:0");
    expect(sound[1]! - times[0]!).toBeCloseTo(0, 2);
    expect(sound.at(-1)! - times[0]!).toBeGreaterThan(1.9);
  });

  it("goes on from segment to segment without losing a picture, and keeps only the newest", async () => {
    const path = join(folder, "clip-%03d.mkv");
    const source = { width: 160, height: 120, fps: 10, duration_s: 6, start_at: 7 };
    await record(source, fileSink, { path, segment_seconds: 2, keep_segments: 2 });
    const names = readdirSync(folder)
      .filter((name) => name.startsWith("clip-"))
      .sort();
    expect(names).toEqual(["clip-001.mkv", "clip-002.mkv"]);
    const read = names.flatMap((name) => countersOf(join(folder, name), 160, 120));
    expect(read).toEqual(counted(27, 40));
  });

  it("is pictures with numbers, or the newest one", async () => {
    const source = { width: 160, height: 120, fps: 10, duration_s: 1 };
    await record(source, imageSink, { path: join(folder, "shot-%03d.jpg"), every_ms: 300 }, "in");
    const names = readdirSync(folder)
      .filter((name) => name.startsWith("shot-"))
      .sort();
    expect(names).toEqual(["shot-000.jpg", "shot-001.jpg", "shot-002.jpg", "shot-003.jpg"]);
    expect(names.flatMap((name) => countersOf(join(folder, name), 160, 120))).toEqual([0, 3, 6, 9]);
    await record(source, imageSink, { path: join(folder, "latest.jpg"), every_ms: 0 }, "in");
    expect(countersOf(join(folder, "latest.jpg"), 160, 120)).toEqual([9]);
  });
});
