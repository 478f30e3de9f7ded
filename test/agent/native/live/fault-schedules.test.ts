// Whatever a device does, and however slowly its frames are taken: times rise, counts add up, nothing runs on.
import fc from "fast-check";
import { expect, test } from "vitest";
import { settle } from "../virtual-clock.ts";
import { FakeDevice, type ScriptedSession, Taker } from "./fake-device.ts";

const ms = (max: number) => fc.integer({ min: 0, max });
const waitable = fc.constantFrom("device-missing", "device-busy", "capture-broken", "ffmpeg-failed");
const frame = fc.record({ afterMs: ms(400), port: fc.constantFrom("video", "audio") });
const session: fc.Arbitrary<ScriptedSession> = fc.oneof(
  fc.record({ openMs: ms(300), refuse: waitable, end: fc.constant("end" as const) }),
  fc.record({
    openMs: ms(300),
    times: fc.constantFrom("monotonic", "stream"),
    frames: fc.array(frame, { maxLength: 30 }),
    end: fc.oneof(waitable, fc.constantFrom("end" as const, "stall" as const)),
  }),
);
const schedule = fc.record({
  sessions: fc.array(session, { maxLength: 6 }),
  takesMs: fc.constantFrom(0, 5, 90, 700),
  stepsMs: fc.array(ms(3000), { minLength: 1, maxLength: 8 }),
});

test("over any schedule of faults", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ sessions, takesMs, stepsMs }) => {
      const device = new FakeDevice(...sessions);
      const source = device.source({ stallMs: 1500, openingMs: 2000 }, ["video", "audio"], 3);
      const taker = new Taker(source, device.clock, takesMs);
      for (const [index, stepMs] of stepsMs.entries()) {
        await device.clock.advance(stepMs);
        if (index % 3 === 2) device.change();
        const { framesIn, framesDropped } = source.metrics!();
        expect(framesIn).toBe(device.made);
        // Three wait at each port at most; the rest was taken or dropped.
        expect(framesIn - framesDropped - taker.frames.length).toBeLessThanOrEqual(6);
        expect(device.held).toBeLessThanOrEqual(1);
      }
      taker.abort.abort();
      expect(await taker.ended).toBeUndefined();
      await settle();
      expect([device.held, device.watched, device.clock.sleeping]).toEqual([0, 0, 0]);

      const { framesIn, framesDropped, restarts, failuresTotal } = source.metrics!();
      expect(framesIn).toBe(taker.frames.length + framesDropped);
      expect(new Set(taker.frames.map(({ data }) => data)).size).toBe(taker.frames.length);
      expect(restarts).toBeLessThanOrEqual(failuresTotal);
      expect(device.events.filter(({ kind }) => kind === "lost")).toHaveLength(failuresTotal);
      for (const port of ["video", "audio"]) {
        const times = taker.frames.filter((one) => one.port === port).map(({ pts }) => pts);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        const marks = taker.marks.filter((one) => one.port === port).map(({ mark }) => mark);
        expect(marks).toEqual([...marks].sort((a, b) => a - b));
      }
      // No mark was broken by a frame after it: this device gives its frames at once.
      let promised: Record<string, number> = {};
      for (const one of taker.seen) {
        const [port, time] = one.split(/[@≥]/) as [string, string];
        if (one.includes("≥")) promised = { ...promised, [port]: Number(time) };
        else expect(Number(time)).toBeGreaterThanOrEqual(promised[port] ?? 0);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
