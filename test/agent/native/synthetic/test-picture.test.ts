// The test pictures: what is in them, and what the real MotionDetector sees in them.
import { beforeAll, describe, expect, it } from "vitest";
import { lumaAt } from "../../../../agent/native/synthetic/canvas.ts";
import { TestPicture } from "../../../../agent/native/synthetic/test-picture.ts";
import { type PixelFormat, pixelFormats } from "../../../../agent/node/frame.ts";
import { payloadProblem } from "../../../../agent/node/payload-check.ts";
import { type LoadedNode, loadNode } from "../../../nodes/load-node.ts";
import { jsonOf } from "../../../nodes/signals.ts";

let motion: () => LoadedNode;
beforeAll(async () => {
  motion = await loadNode("MotionDetector");
});

/** Starts and ends of motion in seconds, as the node tells. */
function motionIn(width: number, height: number, seconds: number, params: object = {}) {
  const node = motion();
  node.open(params);
  const format: PixelFormat = "i420";
  const picture = new TestPicture({ width, height, format });
  const frames = [];
  for (let count = 0; count < seconds * 15; count++) {
    const pts = Math.round((count * 1e6) / 15);
    const payload = { kind: "video", width, height, format } as const;
    frames.push(...node.process({ port: "in", pts, payload, data: picture.draw(count, pts) }));
  }
  frames.push(...node.flush());
  return frames
    .filter((frame) => frame.port === "events")
    .map(jsonOf)
    .filter((event) => event["event"] === "motion_end")
    .map((event) => [Number(event["start_us"]) / 1e6, Number(event["end_us"]) / 1e6] as const);
}

describe("Test pictures", () => {
  it.each(pixelFormats)("are whole pictures of %s, each in memory of its own", (format) => {
    for (const [width, height] of [
      [64, 48],
      [66, 50],
      [640, 480],
    ] as const) {
      const picture = new TestPicture({ width, height, format });
      const [one, other] = [picture.draw(1, 0), picture.draw(1, 0)];
      expect(payloadProblem({ kind: "video", width, height, format }, one)).toBeUndefined();
      expect(one).toEqual(other);
      expect(one.buffer).not.toBe(other.buffer);
      expect(picture.draw(2, 0)).not.toEqual(one);
    }
  });

  it("show the same in every format: bars from bright to dark over a ramp from dark to bright", () => {
    for (const format of pixelFormats) {
      const [width, height] = [640, 480];
      const data = new TestPicture({ width, height, format }).draw(0, 0);
      const row = (y: number) =>
        Array.from({ length: 8 }, (_, bar) => lumaAt({ width, height, format, data }, bar * 80 + 40, y));
      const bars = row(100);
      expect([...bars].sort((a, b) => b - a)).toEqual(bars);
      expect(new Set(bars).size).toBe(8);
      const ramp = row(400);
      expect([...ramp].sort((a, b) => a - b)).toEqual(ramp);
    }
  });

  it.each(["i420", "nv12"] as const)("have their colours where %s has them", (format) => {
    const [width, height] = [640, 480];
    const data = new TestPicture({ width, height, format }).draw(0, 0);
    const area = width * height;
    const chromaOf = (bar: number) => {
      const at = 50 * (width / 2) + bar * 40 + 20;
      if (format === "nv12") return [data[area + at * 2]!, data[area + at * 2 + 1]!];
      return [data[area + at]!, data[area + area / 4 + at]!];
    };
    const [red, blue] = [chromaOf(5), chromaOf(6)];
    expect(red[0]).toBeLessThan(110);
    expect(red[1]).toBeGreaterThan(190);
    expect(blue[0]).toBeGreaterThan(190);
    expect(blue[1]).toBeLessThan(120);
  });

  it.each([
    [640, 480],
    [1280, 720],
  ])("move for two seconds and rest for two, as MotionDetector sees it at %ix%i", (width, height) => {
    const seen = motionIn(width, height, 12, { hold_ms: 500 });
    expect(seen.length).toBe(3);
    for (const [index, [start, end]] of seen.entries()) {
      expect(start).toBeGreaterThanOrEqual(index * 4);
      expect(start).toBeLessThan(index * 4 + 0.7);
      expect(end).toBeGreaterThan(index * 4 + 1.5);
      expect(end).toBeLessThan(index * 4 + 3.9);
    }
  });

  it("are drawn in less time than a picture at 60 a second has", () => {
    const picture = new TestPicture({ width: 1280, height: 720, format: "i420" });
    const times = Array.from({ length: 60 }, (_, count) => {
      const begun = performance.now();
      picture.draw(count, count * 33_333);
      return performance.now() - begun;
    }).sort((a, b) => a - b);
    expect(times[30]).toBeLessThan(8);
  });
});
