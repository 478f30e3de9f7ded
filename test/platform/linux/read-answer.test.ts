// Answers that somebody else wrote as JSON: taken when they make sense, within bounds.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPcmAnswer, readVideoAnswer } from "../../../platform/linux/read-answer.ts";

const size = { kind: "discrete", width: 640, height: 480, intervals: [{ numerator: 1, denominator: 30 }] };
const format = { fourcc: "Y16 ", description: "16-bit Greyscale", isCompressed: false, sizes: [size] };
const video = {
  ...{ driver: "uvcvideo", card: "Camera", busInfo: "usb-1", capabilities: 0x84a0_0001 },
  ...{ captureFormats: [format], outputFormats: [], inputs: ["Camera 1"], isTruncated: false },
};
const pcm = {
  ...{ id: "USB Audio", name: "USB Audio", formats: ["S16_LE"] },
  ...{ minChannels: 1, maxChannels: 1, minRate: 8000, maxRate: 48_000 },
};

describe("readVideoAnswer", () => {
  it("takes a device as it is, and a refusal", () => {
    expect(readVideoAnswer({ ok: true, value: video })).toEqual({ ok: true, value: video });
    const refusal = { ok: false, code: "busy", detail: "in use" };
    expect(readVideoAnswer(refusal)).toEqual(refusal);
  });

  it("cuts lists that are longer than the bounds, and says so", () => {
    const sizes = Array.from({ length: 10_000 }, () => size);
    const answer = readVideoAnswer({ ok: true, value: { ...video, captureFormats: [{ ...format, sizes }] } });
    if (!answer.ok) expect.fail(answer.detail);
    expect(answer.value.captureFormats[0]!.sizes).toHaveLength(512);
    expect(answer.value.isTruncated).toBe(true);
  });

  it("cleans names", () => {
    const value = {
      ...video,
      card: "Cam\u202e\n\u0007era",
      captureFormats: [{ ...format, fourcc: "Y\n6 " }],
    };
    expect(readVideoAnswer({ ok: true, value })).toMatchObject({
      value: { card: "Cam era", captureFormats: [{ fourcc: "Y?6 " }] },
    });
  });

  it.each([
    ["no object", null],
    ["a list", []],
    ["a code of nobody's", { ok: false, code: "gone", detail: "" }],
    ["a refusal without a reason", { ok: false, code: "busy" }],
    ["no value", { ok: true }],
    ["a number as name", { ok: true, value: { ...video, card: 7 } }],
    ["too large a number", { ok: true, value: { ...video, capabilities: 2 ** 32 } }],
    ["half a number", { ok: true, value: { ...video, capabilities: 0.5 } }],
    ["formats that are no list", { ok: true, value: { ...video, captureFormats: {} } }],
    [
      "a size of no kind",
      { ok: true, value: { ...video, captureFormats: [{ ...format, sizes: [{ ...size, kind: "x" }] }] } },
    ],
    [
      "a negative width",
      { ok: true, value: { ...video, captureFormats: [{ ...format, sizes: [{ ...size, width: -1 }] }] } },
    ],
  ])("finds %s unreadable", (_what, answer) => {
    expect(readVideoAnswer(answer)).toMatchObject({ ok: false, code: "unreadable" });
  });
});

describe("readPcmAnswer", () => {
  it("takes a device as it is", () => {
    expect(readPcmAnswer({ ok: true, value: pcm })).toEqual({ ok: true, value: pcm });
    expect(readPcmAnswer({ ok: true, value: { ...pcm, maxRate: "48000" } })).toMatchObject({
      code: "unreadable",
    });
  });
});

it("never throws, whatever it is given", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(video), ...Object.keys(pcm)), (value, key) => {
      for (const read of [readVideoAnswer, readPcmAnswer]) {
        expect(read(value)).toHaveProperty("ok");
        expect(read({ ok: true, value: { ...video, ...pcm, [key]: value } })).toHaveProperty("ok");
      }
    }),
  );
});
