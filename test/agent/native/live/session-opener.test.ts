// Openings that hang: nobody is held up by them, and what comes of them is released.
import { describe, expect, test } from "vitest";
import type { LiveSession } from "../../../../agent/native/live/live-session.ts";
import { openLiveSource } from "../../../../agent/native/live/live-source.ts";
import type { Frame } from "../../../../agent/node/frame.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import { settle, VirtualClock } from "../virtual-clock.ts";
import { policy, Taker } from "./fake-device.ts";

/** A device whose first openings hang until the test ends them. */
class HangingDevice {
  readonly clock = new VirtualClock();
  readonly hung: PromiseWithResolvers<LiveSession>[] = [];
  released = 0;
  readonly #hangs: number;

  constructor(hangs: number) {
    this.#hangs = hangs;
  }

  take(): Taker {
    const source = openLiveSource({
      node: "camera",
      what: () => "the camera",
      policy,
      queues: { out: { frames: 2, bytes: 1e9, durationUs: 1e9 } },
      clock: this.clock,
      openSession: (signal) => this.#open(signal),
      deviceChange: () => Promise.reject(new RemoteMediaError("internal", "no inotify")),
      onEvent: () => {},
      random: () => 0.5,
    });
    return new Taker(source, this.clock);
  }

  /** Doesn't heed its signal, and has the device before its first frame is asked for. */
  session(): LiveSession {
    const frames: AsyncGenerator<Frame> = {
      next: () => Promise.reject(new RemoteMediaError("internal", "nobody may ask for a frame")),
      return: async () => {
        this.released++;
        return { done: true, value: undefined };
      },
      throw: (thrown) => Promise.reject(thrown),
      [Symbol.asyncIterator]: () => frames,
      [Symbol.asyncDispose]: async () => {},
    };
    return { times: "monotonic", frames };
  }

  #open(signal: AbortSignal): Promise<LiveSession> {
    if (this.hung.length < this.#hangs) {
      const hanging = Promise.withResolvers<LiveSession>();
      this.hung.push(hanging);
      return hanging.promise;
    }
    return Promise.resolve({ times: "monotonic", frames: this.#play(signal) });
  }

  async *#play(signal: AbortSignal): AsyncGenerator<Frame> {
    while (!signal.aborted) {
      await this.clock.sleep(100, signal);
      const pts = this.clock.nowUs() + this.clock.monotonicStartUs;
      yield { port: "out", pts, payload: { kind: "bytes" }, data: new Uint8Array(1) };
    }
  }
}

describe("an opening that hangs", () => {
  test("doesn't hold up the end of a run, and is released when it opens after it", async () => {
    const device = new HangingDevice(1);
    const taker = device.take();
    await device.clock.advance(1000);
    taker.abort.abort();
    expect(await taker.ended).toBeUndefined();
    expect(device.clock.sleeping).toBe(0);
    device.hung[0]!.resolve(device.session());
    await settle();
    expect(device.released).toBe(1);
  });

  test("and fails after the run's end troubles nobody", async () => {
    const device = new HangingDevice(1);
    const taker = device.take();
    await device.clock.advance(10);
    taker.abort.abort();
    expect(await taker.ended).toBeUndefined();
    device.hung[0]!.reject(new RemoteMediaError("device-busy", "too late"));
    await settle();
    expect(device.released).toBe(0);
  });

  test("is a loss after the patience for openings, and another one is begun", async () => {
    const device = new HangingDevice(1);
    const taker = device.take();
    await device.clock.advance(8000 + 250 + 150);
    expect(taker.frames.map(({ pts }) => pts / 1000)).toEqual([8350]);
    device.hung[0]!.resolve(device.session());
    await settle();
    expect(device.released).toBe(1);
    taker.abort.abort();
    await taker.ended;
  });

  test("isn't joined by more than three others, until one of them ends", async () => {
    const device = new HangingDevice(3);
    const taker = device.take();
    await device.clock.advance(600_000);
    expect([device.hung.length, taker.frames.length]).toEqual([3, 0]);
    device.hung[1]!.reject(new RemoteMediaError("device-busy", "too late"));
    await device.clock.advance(20_000);
    expect(taker.frames.length).toBeGreaterThan(50);
    taker.abort.abort();
    expect(await taker.ended).toBeUndefined();
    expect(device.clock.sleeping).toBe(0);
  });
});
