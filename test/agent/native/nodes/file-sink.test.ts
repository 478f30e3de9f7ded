// FileSink: what goes to the encoder, when another file begins, and what is refused before anything runs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileSink } from "../../../../agent/native/nodes/file-sink.ts";
import { nodeDescriptorSchema } from "../../../../agent/node/descriptor.ts";
import { ours, rejection } from "../chunked.ts";
import { FakeEncoder } from "./fake-encoder.ts";
import { jsonFrame, pictureFrame, soundFrame } from "./media-frames.ts";
import { testContext } from "./native-context.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "file-sink-"));
  mkdirSync(join(folder, "folder.mp4"));
  writeFileSync(join(folder, "there.mp4"), "something");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(params: Record<string, unknown>, connected?: readonly string[]) {
  const encoder = new FakeEncoder();
  const ports = connected === undefined ? undefined : new Set(connected);
  const context = testContext({ encoder, node: "recorder", connected: ports });
  const path = join(folder, String(params["path"] ?? "clip.mp4"));
  const sink = await fileSink.openSink!({ ...params, path }, context);
  return { sink, encoder };
}

describe("FileSink", () => {
  it("waits for each input that is connected, and begins the file at 0 with both", async () => {
    const { sink, encoder } = await open({}, ["video", "audio"]);
    await sink.write(pictureFrame("video", 1_000_000));
    await sink.write(pictureFrame("video", 1_033_333));
    expect(encoder.runs).toEqual([]);
    await sink.write(soundFrame("audio", 1_040_000));
    await sink.write(pictureFrame("video", 1_066_667));
    await sink.close();
    const [run] = encoder.runs;
    const { streams, packets } = await run!.read();
    expect(streams.map(({ kind }) => kind)).toEqual(["video", "audio"]);
    expect(packets.map(({ stream, ptsUs }) => [stream.index, ptsUs])).toEqual([
      [0, 0],
      [0, 33_333],
      [1, 40_000],
      [0, 66_667],
    ]);
    expect(run!.state).toBe("closed");
    expect(run!.output).toEqual({
      kind: "file",
      path: join(folder, "clip.mp4"),
      segmentSeconds: undefined,
      keepSegments: undefined,
      videoCodec: "h264",
      audioCodec: "aac",
      videoBitrate: undefined,
    });
  });

  it("begins at once where only one input is connected", async () => {
    const { sink, encoder } = await open({}, ["video"]);
    await sink.write(pictureFrame("video", 5));
    expect(encoder.runs.length).toBe(1);
  });

  it("begins without an input that is silent for two seconds, and refuses it later", async () => {
    const { sink, encoder } = await open({});
    for (const pts of [0, 1_000_000, 1_999_999]) await sink.write(pictureFrame("video", pts));
    expect(encoder.runs).toEqual([]);
    await sink.write(pictureFrame("video", 2_000_000));
    expect((await encoder.runs[0]!.read()).packets.length).toBe(4);
    const late = ours(await rejection(sink.write(soundFrame("audio", 3_000_000))), "output-failed");
    expect(late.message).toContain("began more than 2 s after");
    expect(late.where).toMatchObject({ node: "recorder", port: "audio" });
  });

  it("begins without an input that is silent while 64 MiB wait", async () => {
    const { sink, encoder } = await open({});
    for (const pts of [0, 1, 2]) await sink.write(pictureFrame("video", pts, 4096, 4096));
    expect(encoder.runs).toEqual([]);
    await sink.write(pictureFrame("video", 3, 4096, 4096));
    expect(encoder.runs.length).toBe(1);
  });

  it("writes what waited when the run is shorter than that, and nothing where nothing came", async () => {
    const short = await open({});
    await short.sink.write(soundFrame("audio", 7));
    await short.sink.close();
    expect((await short.encoder.runs[0]!.read()).packets.length).toBe(1);
    const empty = await open({});
    await empty.sink.close();
    expect(empty.encoder.runs).toEqual([]);
  });

  it("begins another segment where the format changes, or another input comes", async () => {
    const { sink, encoder } = await open({ path: "s-%05d.mp4", segment_seconds: 10, keep_segments: 3 }, [
      "video",
    ]);
    await sink.write(pictureFrame("video", 0));
    await sink.write(pictureFrame("video", 50_000, 32, 16));
    await sink.write(soundFrame("audio", 60_000));
    await sink.close();
    expect(encoder.runs.map(({ state }) => state)).toEqual(["closed", "closed", "closed"]);
    const [first, second, third] = await Promise.all(encoder.runs.map((run) => run.read()));
    expect(first!.streams[0]).toMatchObject({ width: 16 });
    expect(second!.streams[0]).toMatchObject({ width: 32 });
    expect(second!.packets[0]!.ptsUs).toBe(0);
    expect(third!.streams[0]).toMatchObject({ kind: "audio" });
    expect(encoder.runs[0]!.output).toMatchObject({ segmentSeconds: 10, keepSegments: 3 });
  });

  it("says what changed where one file can't go on, and gives it up", async () => {
    const { sink, encoder } = await open({}, ["video"]);
    await sink.write(pictureFrame("video", 0));
    const error = ours(await rejection(sink.write(pictureFrame("video", 1, 32, 16))), "output-failed");
    expect(error.message).toContain("from 16x16 gray8 to 32x16 gray8");
    expect(encoder.runs[0]!.state).toBe("aborted");
  });

  it("refuses frames that are no media", async () => {
    const { sink } = await open({}, ["video"]);
    ours(await rejection(sink.write(jsonFrame("video"))), "node-bad-input");
    ours(await rejection((await open({})).sink.write(soundFrame("video", 0))), "node-bad-input");
    const second = await open({}, ["video"]);
    const torn = { ...pictureFrame("video", 0), data: new Uint8Array(3) };
    ours(await rejection(second.sink.write(torn)), "node-bad-input");
  });

  it.each([
    [{ path: "clip.avi" }, "extension"],
    [{ path: "nowhere/clip.mp4" }, "folder that doesn't exist"],
    [{ path: "there.mp4/clip.mp4" }, "isn't a folder"],
    [{ path: "folder.mp4" }, "is a folder"],
    [{ path: "there.mp4" }, "is there already"],
    [{ path: "clip-%05d.mp4" }, "segment_seconds is missing"],
    [{ path: "clip.mp4", segment_seconds: 5 }, "no place"],
    [{ path: "clip-%05d-%d.mp4", segment_seconds: 5 }, "one %d"],
    [{ path: "clip-%s.mp4" }, "one %d"],
    [{ path: "clip.mp4", keep_segments: 5 }, "needs segment_seconds"],
    [{ path: "clip.mp4", video_codec: "h264 -f null" }, "codec"],
    [{ path: "clip.mp4", colour: 1 }, "colour"],
  ])("refuses %j before anything runs", async (params, reason) => {
    const error = ours(await rejection(open(params)), "node-invalid-params");
    expect(error.message).toContain(reason);
    expect(error.where).toMatchObject({ node: "recorder" });
  });

  it("refuses pictures in a container of sound, and replaces a file where it may", async () => {
    ours(await rejection(open({ path: "clip.wav" }, ["video"])), "node-invalid-params");
    expect((await open({ path: "there.mp4", overwrite: true })).sink).toBeDefined();
  });

  it("has a descriptor", () => {
    expect(nodeDescriptorSchema.parse(fileSink.descriptor).name).toBe("FileSink");
  });
});
