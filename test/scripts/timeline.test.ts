// The demo's timeline: pictures of intervals, and phrases found against phrases said.
import { describe, expect, test } from "vitest";
import { drawBars, drawLevels, drawScale, judgePhrases } from "../../scripts/timeline.ts";

const second = 1e6;
const phrase = { text: "hello", start_us: 2 * second, end_us: 4 * second };

describe("pictures", () => {
  test("fill the cells that an interval covers by half or more", () => {
    const cell = (8 * second) / 72;
    expect(drawBars([{ start_us: 0, end_us: 2.6 * cell }], 8 * second)).toBe(`███${"░".repeat(69)}`);
    expect(drawBars([{ start_us: 0.6 * cell, end_us: 2.4 * cell }], 8 * second)).toBe(`░█${"░".repeat(70)}`);
  });

  test("show the loudest of a cell, and a blank where nothing was measured", () => {
    const levels = [
      { at_us: 0, db: -90 },
      { at_us: 1, db: 0 },
      { at_us: 71.5 * second, db: -60 },
    ];
    expect(drawLevels(levels, 72 * second)).toBe(`█${" ".repeat(70)}▁`);
  });

  test("put each second's number at its place", () => {
    const scale = drawScale(8 * second);
    expect(scale.indexOf("0 s")).toBe(0);
    expect(scale.indexOf("4")).toBe(36);
    expect(drawScale(3600 * second).length).toBeLessThanOrEqual(76);
  });
});

describe("judging", () => {
  test("matches a phrase with what covers it, and says how far off it is", () => {
    const found = [{ start_us: 1.9 * second, end_us: 4.3 * second }];
    const judgement = judgePhrases([phrase], found);
    expect(judgement.phrases).toEqual([{ phrase, match: found[0] }]);
    expect(judgement.extra).toEqual([]);
    expect(judgement.worstStartUs).toBeCloseTo(0.1 * second);
    expect(judgement.worstEndUs).toBeCloseTo(0.3 * second);
  });

  test("counts less than half of a phrase as missed, and sound without a phrase as extra", () => {
    const found = [
      { start_us: 3.5 * second, end_us: 5 * second },
      { start_us: 6 * second, end_us: 7 * second },
    ];
    const { phrases, extra } = judgePhrases([phrase], found);
    expect(phrases[0]!.match).toBeUndefined();
    expect(extra).toEqual([found[1]]);
    expect(judgePhrases([phrase], []).phrases[0]!.match).toBeUndefined();
  });
});
