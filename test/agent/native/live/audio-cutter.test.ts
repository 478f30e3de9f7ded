// Sound in packets of any size leaves in frames of one size, with the times of its samples.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioCutter, type AudioPayload } from "../../../../agent/native/live/audio-cutter.ts";

const payload: AudioPayload = { kind: "audio", rate: 1000, channels: 2, format: "s16le" };

/** `count` samples of both channels, each the number of its sample. */
function samples(first: number, count: number): Uint8Array {
  const values = Int16Array.from({ length: count * 2 }, (_, index) => first + (index >> 1));
  return new Uint8Array(values.buffer);
}

function shown(frames: { pts: number; data: Uint8Array }[]): string[] {
  return frames.map(({ pts, data }) => {
    const values = new Int16Array(data.slice().buffer);
    return `${pts}: ${values[0]}..${values.at(-1)}`;
  });
}

describe("sound", () => {
  test("is cut and joined, each frame at the time of its first sample", () => {
    const cutter = new AudioCutter("out", payload, 20);
    expect(shown(cutter.push(5000, samples(0, 50)))).toEqual(["5000: 0..19", "25000: 20..39"]);
    expect(shown(cutter.push(55_000, samples(50, 5)))).toEqual([]);
    expect(shown(cutter.push(60_000, samples(55, 10)))).toEqual(["45000: 40..59"]);
    expect(shown(cutter.flush())).toEqual(["65000: 60..64"]);
    expect(cutter.flush()).toEqual([]);
  });

  test.each([
    ["missing", 100_000],
    ["there twice", 10_000],
  ])("that is %s ends a frame early, and the next has its own time", (_what, at) => {
    const cutter = new AudioCutter("out", payload, 20);
    cutter.push(5000, samples(0, 30));
    expect(shown(cutter.push(at, samples(500, 20)))).toEqual(["25000: 20..29", `${at}: 500..519`]);
  });

  test("whose times jitter isn't torn apart", () => {
    const cutter = new AudioCutter("out", payload, 20);
    const frames = [0, 19_000, 43_000].flatMap((at, index) => cutter.push(at, samples(index * 20, 20)));
    expect(shown(frames)).toEqual(["0: 0..19", "19000: 20..39", "43000: 40..59"]);
  });

  test("is all there, in order and in its own bytes, whatever the packets", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 60 }),
        (sizes, frameMs) => {
          const cutter = new AudioCutter("out", payload, frameMs);
          let first = 0;
          const frames = [];
          for (const size of sizes) {
            const packet = samples(first, size);
            frames.push(...cutter.push(first * 1000, packet));
            packet.fill(255);
            first += size;
          }
          frames.push(...cutter.flush());
          const values = frames.flatMap(({ data }) => [...new Int16Array(data.slice().buffer)]);
          expect(values).toEqual([...new Int16Array(samples(0, first).slice().buffer)]);
          for (const { pts, data } of frames)
            expect(pts).toBe(new Int16Array(data.slice().buffer)[0]! * 1000);
          for (const { data } of frames.slice(0, -1)) expect(data.length).toBe(frameMs * 4);
        },
      ),
    );
  });
});
