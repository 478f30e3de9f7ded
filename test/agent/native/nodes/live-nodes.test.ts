// The live source nodes over a capture that a test plays: what is asked for, and what comes out.
import { describe, expect, test } from "vitest";
import { nativeNodes } from "../../../../agent/native/native-nodes.ts";
import type { NativeContext } from "../../../../agent/native/node-type.ts";
import type { NutPayload } from "../../../../agent/native/nut/nut-stream.ts";
import type { CameraFacts } from "../../../../platform/contract/board-facts.ts";
import { Taker } from "../live/fake-device.ts";
import { FakeStudio, noDevices, picture, tiny } from "./fake-capture.ts";

const sound: NutPayload = { kind: "audio", rate: 8000, channels: 1, format: "s16le" };

function open(type: string, params: Record<string, unknown>, context: NativeContext) {
  return nativeNodes.get(type)!.openSource!(params, context);
}

/** Pictures of the given moments, in milliseconds. */
function shots(moments: readonly number[], base = 0, stream = 0) {
  return moments.map((atMs, index) => ({ atMs, timeUs: base + atMs * 1000, stream, data: picture(index) }));
}

async function finish(studio: FakeStudio, taker: Taker): Promise<unknown> {
  taker.abort.abort();
  const thrown = await taker.ended;
  expect([studio.running, studio.clock.sleeping]).toEqual([0, 0]);
  return thrown;
}

const webcam: CameraFacts = {
  id: "usb-1",
  name: "HD Webcam",
  bus: "usb",
  api: "v4l2",
  path: "/dev/video0",
  formats: [{ pixel: "YUYV", width: 640, height: 480, fps: [30] }],
};

describe("CameraSource", () => {
  const monotonic = 5_000_000_000;

  test("gives pictures by the camera's clock, and finds it again where it was plugged in anew", async () => {
    const studio = new FakeStudio(
      "monotonic",
      { streams: [tiny], packets: shots([40, 73], monotonic), end: "capture-broken" },
      { streams: [tiny], packets: shots([800], monotonic) },
    );
    studio.devices = { ...noDevices, cameras: [webcam] };
    const source = await open("CameraSource", { width: 640, pixels: "gray8" }, studio.context("out"));
    const taker = new Taker(source, studio.clock);
    await studio.clock.advance(100);
    studio.devices = {
      ...noDevices,
      cameras: [
        { ...webcam, id: "usb-9" },
        { ...webcam, path: "/dev/video4" },
      ],
    };
    await studio.clock.advance(900);
    expect(taker.seen.filter((one) => one.includes("@"))).toEqual(["out@40", "out@73", "out@800"]);
    expect(taker.frames[0]).toMatchObject({ payload: tiny, data: picture(0) });
    const [first, second] = studio.requests;
    expect(first).toEqual({
      input: {
        kind: "v4l2",
        path: "/dev/video0",
        pixel: "YUYV",
        width: 640,
        height: 480,
        rate: { numerator: 30, denominator: 1 },
      },
      video: { pixels: "gray8", hardware: undefined },
    });
    expect(second!.input).toMatchObject({ path: "/dev/video4" });
    expect(studio.events.map(({ text }) => text)).toEqual([
      'the camera "HD Webcam" is lost: so it was played',
      'the camera "HD Webcam" is back after 0.7 s',
    ]);
    expect(source.metrics!()).toMatchObject({ framesIn: 3, restarts: 1 });
    await finish(studio, taker);
  });

  test("survives a capture that prints garbage, and a camera whose name would rewrite the terminal", async () => {
    const garbage = new TextEncoder().encode("\u001b[2JSegmentation fault (core dumped)\n");
    const studio = new FakeStudio(
      "monotonic",
      { garbage },
      { streams: [tiny], packets: shots([600], monotonic) },
    );
    studio.devices = { ...noDevices, cameras: [{ ...webcam, name: "Eve\n[eye] found:\u202e\u001b[31m" }] };
    const taker = new Taker(await open("CameraSource", {}, studio.context("out")), studio.clock);
    await studio.clock.advance(700);
    expect(taker.frames).toHaveLength(1);
    expect(studio.events).toMatchObject([{ kind: "lost", code: "input-invalid" }, { kind: "found" }]);
    for (const { text } of studio.events) expect(text).toMatch(/^[ -~’…]+$/);
    await finish(studio, taker);
  });

  test("waits for a camera that isn't there yet", async () => {
    const studio = new FakeStudio("monotonic", { streams: [tiny], packets: shots([1000], monotonic) });
    const taker = new Taker(await open("CameraSource", {}, studio.context("out")), studio.clock);
    await studio.clock.advance(300);
    expect(studio.requests).toEqual([]);
    expect(studio.events).toMatchObject([{ node: "eye", kind: "lost", code: "device-missing" }]);
    studio.devices = { ...noDevices, cameras: [webcam] };
    await studio.clock.advance(1000);
    expect(taker.frames).toHaveLength(1);
    await finish(studio, taker);
  });

  test("ends with the nearest mode where the camera hasn't the one that is asked for", async () => {
    const studio = new FakeStudio("monotonic");
    studio.devices = { ...noDevices, cameras: [webcam] };
    const taker = new Taker(await open("CameraSource", { fps: 60 }, studio.context("out")), studio.clock);
    await studio.clock.advance(10);
    expect(await finish(studio, taker)).toMatchObject({
      code: "device-unsupported",
      where: { node: "eye" },
      hint: "The nearest is 640x480 at 30/s as YUYV.",
    });
  });
});

describe("AudioSource", () => {
  test("gives frames of the asked duration with the sound server's times", async () => {
    const wall = 1_700_000_000_000_000;
    const at = (atMs: number, ms: number) => ({
      atMs,
      timeUs: wall + atMs * 1000 - 40_000,
      data: new Uint8Array(16 * ms),
    });
    const studio = new FakeStudio("wall", {
      streams: [sound],
      packets: [at(100, 25), at(125, 25), at(300, 10)],
      end: "silence",
    });
    const pulse = {
      id: "pulse",
      name: "Sound server",
      api: "pulse",
      address: "default",
      formats: undefined,
      maxChannels: undefined,
      rates: undefined,
    } as const;
    studio.devices = { ...noDevices, microphones: [pulse] };
    const params = { sample_rate: 8000, channels: 1, format: "s16le", frame_ms: 10 };
    const taker = new Taker(await open("AudioSource", params, studio.context("out")), studio.clock);
    await studio.clock.advance(310);
    expect(taker.seen).toEqual(["out@60", "out@70", "out@80", "out@90", "out@100", "out@260"]);
    expect(taker.frames.every(({ data }) => data.length === 160)).toBe(true);
    expect(studio.requests).toEqual([
      {
        input: { kind: "pulse", device: "default", rate: 8000, channels: 1 },
        audio: { samples: "s16le", rate: 8000, channels: 1 },
      },
    ]);
    await finish(studio, taker);
  });
});

describe("RtspSource", () => {
  const params = { url: "rtsp://admin:s3cret@cam.lan:554/live?token=abc", pixels: "gray8", samples: "s16le" };

  test("gives both ports on one clock, and asks for nothing that nobody takes", async () => {
    const packets = [
      { atMs: 200, timeUs: 900_000, data: picture(1) },
      { atMs: 200, timeUs: 900_000, stream: 1, data: new Uint8Array(320) },
      { atMs: 240, timeUs: 940_000, data: picture(2) },
    ];
    const studio = new FakeStudio("stream", { streams: [tiny, sound], packets });
    const taker = new Taker(await open("RtspSource", params, studio.context("video", "audio")), studio.clock);
    await studio.clock.advance(250);
    expect(taker.seen).toEqual(["video@200", "audio@200", "video@240"]);
    await finish(studio, taker);
    const quiet = new FakeStudio("stream");
    const other = new Taker(await open("RtspSource", params, quiet.context("audio")), quiet.clock);
    await quiet.clock.advance(10);
    expect(quiet.requests).toMatchObject([{ video: undefined, audio: { samples: "s16le" } }]);
    await finish(quiet, other);
  });

  test("never says its password", async () => {
    const studio = new FakeStudio("stream", { end: "stream-unreachable" });
    const source = await open("RtspSource", params, studio.context("video"));
    const taker = new Taker(source, studio.clock);
    await studio.clock.advance(20);
    expect(studio.events.map(({ text }) => text)).toEqual([
      "the stream rtsp://cam.lan:554/live isn't there yet: so it was played",
    ]);
    expect(JSON.stringify([studio.events, source.metrics!()])).not.toMatch(/s3cret|admin|abc/);
    await finish(studio, taker);
    const error = await open("RtspSource", { url: "http://admin:s3cret@cam" }, studio.context("video")).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: "node-invalid-params", where: { node: "eye", path: "params.url" } });
    expect(`${error.message} ${error.hint}`).not.toContain("s3cret");
  });

  test("waits for ever for a camera that pushes, and asks again for one that is asked", async () => {
    const listening = new FakeStudio("stream");
    const taker = new Taker(
      await open("RtspSource", { ...params, listen: true }, listening.context("video")),
      listening.clock,
    );
    await listening.clock.advance(3_600_000);
    expect(listening.requests).toHaveLength(1);
    expect(listening.events).toEqual([]);
    await finish(listening, taker);
    const asking = new FakeStudio("stream");
    const other = new Taker(await open("RtspSource", params, asking.context("video")), asking.clock);
    await asking.clock.advance(26_000);
    expect(asking.requests).toHaveLength(2);
    await finish(asking, other);
  });
});

describe("ScreenSource", () => {
  test("asks for the region and the rate", async () => {
    const studio = new FakeStudio("wall");
    const params = { display: ":1", x: 8, width: 320, height: 240, fps: 7.5 };
    const taker = new Taker(await open("ScreenSource", params, studio.context("out")), studio.clock);
    await studio.clock.advance(10);
    expect(studio.requests[0]!.input).toEqual({
      kind: "screen",
      display: ":1",
      x: 8,
      y: 0,
      width: 320,
      height: 240,
      rate: { numerator: 7500, denominator: 1000 },
    });
    await finish(studio, taker);
    await expect(open("ScreenSource", { width: 320 }, studio.context("out"))).rejects.toMatchObject({
      code: "node-invalid-params",
    });
  });
});

describe("FileSource", () => {
  const clip = {
    streams: [tiny],
    packets: [1_400_000, 1_440_000, 1_440_000].map((timeUs, index) => ({
      atMs: 0,
      timeUs,
      data: picture(index),
    })),
    end: "end" as const,
  };

  test("gives every frame, however slowly it is taken, with times that count from the first", async () => {
    const studio = new FakeStudio("stream", clip);
    const source = await open("FileSource", { path: "clip.mkv", pixels: "gray8" }, studio.context("video"));
    expect(source.metrics).toBeUndefined();
    const taker = new Taker(source, studio.clock, 1000);
    await studio.clock.advance(5000);
    expect(await finish(studio, taker)).toBeUndefined();
    expect(taker.seen).toEqual(["video@0", "video@40", "video@40.001"]);
    expect(studio.requests[0]!.input).toEqual({
      kind: "file",
      path: "clip.mkv",
      realtime: false,
      loop: false,
    });
  });

  test("is told to end without an error, though FFmpeg leaves a torn packet behind", async () => {
    const studio = new FakeStudio("stream", { ...clip, end: "silence" });
    const taker = new Taker(
      await open("FileSource", { path: "clip.mkv" }, studio.context("video")),
      studio.clock,
    );
    await studio.clock.advance(10);
    expect(taker.frames).toHaveLength(3);
    expect(await finish(studio, taker)).toBeUndefined();
  });

  test("that breaks off says so", async () => {
    const studio = new FakeStudio("stream", { ...clip, end: "capture-broken" });
    const taker = new Taker(
      await open("FileSource", { path: "clip.mkv" }, studio.context("video")),
      studio.clock,
    );
    await studio.clock.advance(10);
    expect(await finish(studio, taker)).toMatchObject({ code: "capture-broken" });
  });

  test("at its own pace is live: it drops what is late, and its end is no loss", async () => {
    const studio = new FakeStudio("stream", {
      streams: [tiny],
      packets: shots([0, 40, 80, 120, 160]),
      end: "end",
    });
    const source = await open("FileSource", { path: "clip.mkv", realtime: true }, studio.context("video"));
    const taker = new Taker(source, studio.clock, 100);
    await studio.clock.advance(1000);
    expect(await finish(studio, taker)).toBeUndefined();
    expect(taker.seen).toEqual(["video@0", "video@40", "video@120", "video@160"]);
    expect(source.metrics!()).toMatchObject({ framesIn: 5, framesDropped: 1, failuresTotal: 0 });
  });
});
