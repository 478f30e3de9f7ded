// Sources over the real FFmpeg: numbered pictures and sound of a file, at once and at their own pace.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPipelineClock } from "../../../../agent/main/pipeline-clock.ts";
import { nativeNodes } from "../../../../agent/native/native-nodes.ts";
import type { NativeEvent } from "../../../../agent/native/node-type.ts";
import { readCounter } from "../../../../agent/native/synthetic/frame-counter.ts";
import { TestPicture } from "../../../../agent/native/synthetic/test-picture.ts";
import type { Frame } from "../../../../agent/node/frame.ts";
import { isTimeMark, type TimeMark } from "../../../../agent/node/runner.ts";
import { openFfmpegCapture } from "../../../../platform/ffmpeg/ffmpeg-capture.ts";
import { ffmpeg } from "../nut/ffmpeg-nut.ts";
import { testContext } from "./native-context.ts";

const size = { width: 320, height: 240 };
const everyUs = 40_000;
let folder: string;
let clip: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "real-capture-"));
  clip = join(folder, "clip.mkv");
  const picture = new TestPicture({ ...size, format: "gray8" });
  const pictures = Array.from({ length: 50 }, (_, index) => picture.draw(index, index * everyUs).slice());
  const raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "320x240", "-r", "25", "-i", "-"];
  const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=2"];
  const codecs = ["-c:v", "ffv1", "-c:a", "pcm_s16le", clip];
  ffmpeg([...raw, ...tone, ...codecs], new Uint8Array(Buffer.concat(pictures)));
});

afterAll(() => rm(folder, { recursive: true }));

async function open(params: Record<string, unknown>, ...wanted: string[]) {
  const events: NativeEvent[] = [];
  const parts = testContext({ wanted: new Set(wanted), capture: openFfmpegCapture() });
  const context = {
    ...parts,
    clock: openPipelineClock(),
    onEvent: (event: NativeEvent) => void events.push(event),
  };
  const source = await nativeNodes.get("FileSource")!.openSource!(
    { path: clip, pixels: "gray8", ...params },
    context,
  );
  return { source, events };
}

async function take(given: AsyncIterable<Frame | TimeMark>): Promise<{ video: Frame[]; audio: Frame[] }> {
  const [video, audio]: [Frame[], Frame[]] = [[], []];
  for await (const frame of given) {
    if (!isTimeMark(frame)) (frame.port === "video" ? video : audio).push(frame);
  }
  return { video, audio };
}

function counts(frames: readonly Frame[]) {
  return frames.map(({ data }) => readCounter({ ...size, format: "gray8", data }));
}

/** Numbers of the processes that have a file's name among their arguments. */
async function processesWith(path: string): Promise<string[]> {
  const numbers = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    numbers.map((number) => readFile(`/proc/${number}/cmdline`, "utf8").catch(() => "")),
  );
  return numbers.filter((_, index) => commands[index]!.includes(path));
}

const all = Array.from({ length: 50 }, (_, index) => index);

describe("a file", () => {
  test("as fast as it is taken gives every picture and every sample at their times", async () => {
    const { source } = await open({}, "video", "audio");
    const { video, audio } = await take(source.frames(new AbortController().signal));
    expect(counts(video)).toEqual(all);
    expect(video.map(({ pts }) => pts)).toEqual(all.map((index) => index * everyUs));
    expect(audio.reduce((sum, { data }) => sum + data.length, 0)).toBe(2 * 16_000 * 2);
    expect(audio.map(({ pts }) => pts)).toEqual(audio.map((_, index) => index * 20_000));
  });

  test("at its own pace takes as long as it lasts, loses nothing, and keeps its distances", async () => {
    const { source, events } = await open({ realtime: true, buffer_frames: 8 }, "video", "audio");
    const startedMs = performance.now();
    const { video, audio } = await take(source.frames(new AbortController().signal));
    expect(performance.now() - startedMs).toBeGreaterThan(1800);
    expect(counts(video)).toEqual(all);
    // Until the least delay is known, the first second's times may still move.
    const late = video.filter((_, index) => index >= 30).map(({ pts }) => pts);
    expect(late.map((pts) => pts - late[0]!)).toEqual(late.map((_, index) => index * everyUs));
    expect(audio.length).toBeGreaterThanOrEqual(100);
    expect(source.metrics!()).toMatchObject({ framesDropped: 0, failuresTotal: 0 });
    expect(events).toEqual([]);
  });

  test("that is repeated goes on until it is told to end, and then FFmpeg is gone", async () => {
    const { source } = await open({ loop: true }, "video");
    const abort = new AbortController();
    const frames: Frame[] = [];
    for await (const frame of source.frames(abort.signal)) {
      if (!isTimeMark(frame)) frames.push(frame);
      if (frames.length === 120) abort.abort();
    }
    expect(counts(frames.slice(0, 120))).toEqual([...all, ...all, ...all.slice(0, 20)]);
    const times = frames.map(({ pts }) => pts);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(await processesWith(clip)).toEqual([]);
  });

  test("that isn't there ends the source with its error", async () => {
    const { source } = await open({ path: join(folder, "none.mkv"), realtime: true }, "video");
    await expect(take(source.frames(new AbortController().signal))).rejects.toMatchObject({
      code: "input-missing",
      where: { node: "node" },
    });
  });
});
