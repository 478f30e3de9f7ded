// News of devices, and how often they may hurry a lost source on.
import { describe, expect, test } from "vitest";
import { FakeDevice, type ScriptedSession, steady, Taker } from "./fake-device.ts";

const refused: ScriptedSession = { refuse: "device-missing", end: "end" };
const found: ScriptedSession = { frames: steady(1, 1), end: "stall" };

async function finish(device: FakeDevice, taker: Taker): Promise<void> {
  taker.abort.abort();
  await taker.ended;
  expect([device.held, device.watched, device.clock.sleeping]).toEqual([0, 0, 0]);
}

describe("a neighbour that comes and goes", () => {
  // A failed try takes 100 ms, as FFmpeg's start does, or no time at all.
  test.each([
    [10, 100, 70],
    [100, 100, 70],
    [250, 100, 70],
    [990, 100, 70],
    [10, 0, 75],
    [250, 0, 75],
    [400, 0, 75],
    [990, 0, 75],
  ])(
    "every %d ms for a minute: a camera that fails in %d ms is tried %d times at most",
    async (everyMs, openMs, most) => {
      const device = new FakeDevice(...Array<ScriptedSession>(1000).fill({ ...refused, openMs }));
      const taker = new Taker(device.source(), device.clock);
      for (let atMs = 0; atMs < 60_000; atMs += everyMs) {
        await device.clock.advance(everyMs);
        device.change();
      }
      const tries = device.openings.filter((atMs) => atMs <= 60_000).length;
      expect(tries).toBeGreaterThan(50);
      expect(tries).toBeLessThanOrEqual(most);
      await finish(device, taker);
    },
  );

  test("doesn't hurry it on any more once it is quiet again", async () => {
    const device = new FakeDevice(...Array(1000).fill(refused));
    const taker = new Taker(device.source(), device.clock);
    for (let atMs = 0; atMs < 30_000; atMs += 100) {
      await device.clock.advance(100);
      device.change();
    }
    const before = device.openings.length;
    await device.clock.advance(60_000);
    // 1, 2, 4, 8, 10, 10, 10 s: it waits longer and longer again.
    expect(device.openings.length - before).toBeLessThanOrEqual(10);
    await finish(device, taker);
  });
});

describe("a camera that is unplugged and plugged in again", () => {
  test.each([300, 700, 1100, 3000, 5000, 9900, 25_000])(
    "after %d ms works within a second",
    async (awayMs) => {
      let isThere = true;
      // What a session does is asked when it is opened.
      const anew = {
        frames: steady(1000, 10),
        end: "stall" as const,
        get refuse() {
          return isThere ? undefined : ("device-missing" as const);
        },
      };
      const device = new FakeDevice(
        { frames: steady(100, 100), end: "device-missing" },
        ...Array<ScriptedSession>(200).fill(anew),
      );
      const taker = new Taker(device.source(), device.clock);
      await device.clock.advance(9995);
      isThere = false;
      await device.clock.advance(260);
      device.change();
      await device.clock.advance(awayMs - 260);
      isThere = true;
      await device.clock.advance(250);
      device.change();
      const before = taker.frames.length;
      await device.clock.advance(770);
      expect(taker.frames.length).toBeGreaterThan(before);
      await finish(device, taker);
    },
  );

  test("and can't be opened yet when it is there again is tried a second later", async () => {
    const device = new FakeDevice(...Array(7).fill(refused), found);
    const taker = new Taker(device.source(), device.clock);
    await device.clock.advance(120);
    device.change();
    await device.clock.advance(6000);
    expect(device.openings).toEqual([0, 120, 370, 870, 1870, 3870]);
    device.change();
    await device.clock.advance(1010);
    expect(device.openings.slice(6)).toEqual([6120, 7120]);
    expect(taker.frames).toHaveLength(1);
    await finish(device, taker);
  });
});
