// A live source by its events: what is lost, waited for and found again, on a clock that the test turns.
import { describe, expect, test } from "vitest";
import { openLiveSource } from "../../../../agent/native/live/live-source.ts";
import type { ErrorCode } from "../../../../platform/base/error-codes.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { FakeDevice, policy, steady, Taker } from "./fake-device.ts";

function start(device: FakeDevice, changed = {}, takesMs = 0, ports = ["out"]) {
  const source = device.source(changed, ports);
  return { source, taker: new Taker(source, device.clock, takesMs) };
}

/** Ends it, and sees that nothing runs any more. */
async function finish(device: FakeDevice, taker: Taker): Promise<unknown> {
  taker.abort.abort();
  const thrown = await taker.ended;
  expect([device.held, device.watched, device.clock.sleeping]).toEqual([0, 0, 0]);
  return thrown;
}

describe("frames", () => {
  test("come by the times of their capture, as soon as they are there", async () => {
    const device = new FakeDevice({ frames: steady(3, 33), end: "stall" });
    const { source, taker } = start(device);
    await device.clock.advance(100);
    expect(taker.seen).toEqual(["out@33", "out@66", "out@99"]);
    expect(source.metrics!()).toMatchObject({ framesIn: 3, framesDropped: 0, restarts: 0, failuresTotal: 0 });
    expect(device.events).toEqual([]);
    await finish(device, taker);
  });

  test("that nobody takes are dropped, the newest stay, and the gap shows in their times", async () => {
    const device = new FakeDevice({ frames: steady(10, 10), end: "stall" });
    const { source, taker } = start(device, {}, 75);
    await device.clock.advance(300);
    expect(taker.seen).toEqual(["out@10", "out@70", "out@90", "out@100"]);
    expect(source.metrics!()).toMatchObject({ framesIn: 10, framesDropped: 6 });
    await finish(device, taker);
  });

  test("of a device are read on while the pipeline holds one: the device never waits", async () => {
    const device = new FakeDevice({ frames: steady(100, 10), end: "stall" });
    const { source, taker } = start(device, {}, 1e6);
    await device.clock.advance(1000);
    expect(device.made).toBe(100);
    expect(source.metrics!()).toMatchObject({ framesIn: 100, framesDropped: 97 });
    expect(taker.frames).toHaveLength(1);
    await finish(device, taker);
    expect(source.metrics!()).toMatchObject({ framesIn: 98, framesDropped: 97 });
  });

  test("of several ports leave in the order in which they came", async () => {
    const frames = ["video", "audio", "video", "audio"].map((port) => ({ afterMs: 5, port }));
    const device = new FakeDevice({ frames, end: "stall" });
    const { taker } = start(device, {}, 30, ["video", "audio"]);
    await device.clock.advance(150);
    expect(taker.seen).toEqual(["video@5", "audio@10", "video@15", "audio@20"]);
    await finish(device, taker);
  });

  test("rise in time over a loss, whatever the new session says", async () => {
    const device = new FakeDevice(
      { times: "stream", frames: steady(3, 10), end: "capture-broken" },
      { times: "stream", frames: steady(3, 10), end: "stall" },
    );
    const { taker } = start(device);
    await device.clock.advance(1000);
    expect(taker.frames.map(({ pts }) => pts / 1000)).toEqual([10, 20, 30, 290, 300, 310]);
    await finish(device, taker);
  });
});

describe("marks", () => {
  test("go out while nothing comes, also while the device is lost, and never outrun the latency", async () => {
    const device = new FakeDevice(
      { frames: steady(1, 1200), end: "capture-broken" },
      { refuse: "device-missing", end: "end" },
    );
    const { taker } = start(device);
    await device.clock.advance(2000);
    expect(taker.seen).toEqual(["out≥250", "out≥500", "out@1200", "out≥1250", "out≥1500"]);
    await finish(device, taker);
  });

  test("go out for a silent port while another one gives frames", async () => {
    const device = new FakeDevice({ frames: steady(40, 50, "video"), end: "stall" });
    const { taker } = start(device, {}, 0, ["video", "audio"]);
    await device.clock.advance(1010);
    expect(taker.marks).toEqual([250, 500].map((ms) => ({ port: "audio", mark: ms * 1000 })));
    expect(taker.frames).toHaveLength(20);
    await finish(device, taker);
  });

  test("promise less when frames turn out to come later", async () => {
    const clock = new VirtualClock();
    const taker = new Taker(
      openLiveSource({
        node: "camera",
        what: () => "the camera",
        policy,
        queues: { out: { frames: 2, bytes: 1e9, durationUs: 1e9 } },
        clock,
        openSession: async (signal) => ({
          times: "monotonic",
          frames: (async function* () {
            await clock.sleep(3000, signal);
            yield {
              port: "out",
              pts: clock.monotonicStartUs + 1_000_000,
              payload: { kind: "bytes" },
              data: new Uint8Array(1),
            };
            await clock.sleep(1e9, signal);
          })(),
        }),
        deviceChange: async () => {},
        onEvent: () => {},
      }),
      clock,
    );
    await clock.advance(4000);
    expect(taker.seen.slice(-4)).toEqual(["out≥1250", "out≥1500", "out≥1750", "out≥2000"]);
    taker.abort.abort();
    await taker.ended;
  });
});

describe("a loss", () => {
  test("is told, waited out longer and longer, told again when it is over, and counted", async () => {
    const refused = { refuse: "device-missing" as const, end: "end" as const };
    const device = new FakeDevice({ frames: steady(5, 100), end: "capture-broken" }, refused, refused, {
      frames: steady(2, 100),
      end: "stall",
    });
    const { source, taker } = start(device);
    await device.clock.advance(3000);
    expect(device.openings).toEqual([0, 750, 1250, 2250]);
    expect(device.events).toEqual([
      {
        node: "camera",
        kind: "lost",
        code: "capture-broken",
        text: "the camera is lost: so the script says",
      },
      {
        node: "camera",
        kind: "lost",
        code: "device-missing",
        text: "the camera isn't there yet: so the script says",
      },
      { node: "camera", kind: "found", text: "the camera is back after 1.9 s" },
    ]);
    expect(source.metrics!()).toEqual({
      framesIn: 7,
      framesDropped: 0,
      restarts: 1,
      failuresTotal: 2,
      failures: [
        { code: "capture-broken", message: "so the script says", framePts: 500_000 },
        { code: "device-missing", message: "so the script says", framePts: 500_000 },
      ],
    });
    await finish(device, taker);
  });

  test("ends early when a device comes, and a device that isn't ready at once is tried again soon", async () => {
    const refused = { refuse: "device-missing" as const, end: "end" as const };
    const found = { frames: steady(1, 1), end: "stall" as const };
    const device = new FakeDevice(...Array(6).fill(refused), found);
    const { source, taker } = start(device);
    await device.clock.advance(5000);
    expect(device.openings).toEqual([0, 250, 750, 1750, 3750]);
    device.change();
    await device.clock.advance(252);
    expect(device.openings.slice(5)).toEqual([5000, 5250]);
    expect(taker.frames).toHaveLength(1);
    expect(source.metrics!()).toMatchObject({ restarts: 0, failuresTotal: 1 });
    await finish(device, taker);
  });

  test("doesn't end at once because a device comes at once", async () => {
    const refused = { refuse: "device-missing" as const, end: "end" as const };
    const device = new FakeDevice(refused, refused, refused);
    const { taker } = start(device);
    await device.clock.advance(0);
    device.change();
    await device.clock.advance(99);
    expect(device.openings).toEqual([0]);
    await device.clock.advance(1);
    expect(device.openings).toEqual([0, 100]);
    await finish(device, taker);
  });

  test("is a first one again after ten good seconds", async () => {
    const short = { frames: steady(2, 10), end: "capture-broken" as const };
    const device = new FakeDevice(short, short, { frames: steady(103, 100), end: "capture-broken" }, short);
    const { taker } = start(device);
    await device.clock.advance(20_000);
    const waits = [270, 270 + 520, 790 + 10_300 + 250];
    expect(device.openings.slice(0, 4)).toEqual([0, ...waits]);
    await finish(device, taker);
  });

  test("is also a device that falls silent, before its first frame or after", async () => {
    const device = new FakeDevice(
      { end: "stall" },
      { frames: steady(1, 10), end: "stall" },
      { frames: steady(1, 10), end: "stall" },
    );
    const { source, taker } = start(device);
    await device.clock.advance(15_000);
    expect(device.openings).toEqual([0, 8250, 13_760]);
    expect(source.metrics!().failures.map(({ message }) => message)).toEqual([
      "nothing came for 8000 ms",
      "nothing came for 5000 ms",
    ]);
    expect(device.held).toBe(1);
    await finish(device, taker);
  });

  test("isn't blamed on the device when it was us who stood still", async () => {
    const device = new FakeDevice({ frames: steady(1, 10), end: "stall" });
    const sleep = device.clock.sleep.bind(device.clock);
    // A machine that was suspended in its last 10 ms of patience: that sleep takes half a minute longer.
    device.clock.sleep = (ms, signal) => sleep(ms === 10 && device.made > 0 ? 30_010 : ms, signal);
    const { taker } = start(device);
    await device.clock.advance(40_000);
    expect(device.events).toEqual([]);
    await device.clock.advance(10);
    expect(device.events).toMatchObject([{ kind: "lost", code: "capture-broken" }]);
    await finish(device, taker);
  });

  test("of a source that may not be reconnected ends it with the error, after what came before", async () => {
    const device = new FakeDevice({ frames: steady(3, 10), end: "device-missing" });
    const { taker } = start(device, { reconnect: false }, 25);
    await device.clock.advance(200);
    expect(await taker.ended).toMatchObject({ code: "device-missing", where: { node: "camera" } });
    expect(taker.frames).toHaveLength(3);
    await finish(device, taker);
  });

  test.each<[ErrorCode, boolean]>([
    ["device-denied", true],
    ["device-unsupported", true],
    ["ffmpeg-missing", true],
    ["stream-denied", true],
    ["internal", true],
    ["device-missing", false],
    ["device-busy", false],
    ["stream-unreachable", false],
    ["ffmpeg-failed", false],
  ])("%s at the very first opening ends the source: %s", async (code, isEnd) => {
    const device = new FakeDevice({ refuse: code, end: "end" });
    const { taker } = start(device);
    await device.clock.advance(200);
    expect(device.events).toHaveLength(isEnd ? 0 : 1);
    if (isEnd) expect(await taker.ended).toMatchObject({ code });
    await finish(device, taker);
  });

  test("by denial is waited out later, when the device has been there", async () => {
    const device = new FakeDevice(
      { frames: steady(1, 10), end: "device-missing" },
      { refuse: "device-denied", end: "end" },
      { frames: steady(1, 10), end: "stall" },
    );
    const { taker } = start(device);
    await device.clock.advance(2000);
    expect(taker.frames).toHaveLength(2);
    await finish(device, taker);
  });
});

describe("an end", () => {
  test("of a file is no loss: what waits is still given", async () => {
    const device = new FakeDevice({ frames: steady(3, 10), end: "end" });
    const { source, taker } = start(device, { isEndless: false, reconnect: false }, 15);
    await device.clock.advance(200);
    expect(await taker.ended).toBeUndefined();
    expect(taker.frames).toHaveLength(3);
    expect(source.metrics!().failuresTotal).toBe(0);
    await finish(device, taker);
  });

  test("by a signal that had fired before opens nothing", async () => {
    const device = new FakeDevice();
    const given = [];
    for await (const one of device.source().frames(AbortSignal.abort())) given.push(one);
    expect([given, device.openings]).toEqual([[], []]);
  });
});
