// What a PCM device says, read from its bytes.
import { describe, expect, it } from "vitest";
import { pcmRequests } from "../../../platform/linux/pcm-structs.ts";
import { queryPcm } from "../../../platform/linux/query-pcm.ts";

const EBUSY = 16;
const ENOTTY = 25;
const channels = 260 + 2 * 12;
const rate = 260 + 3 * 12;

/** A driver that leaves these formats (by bit) and ranges of what it is asked for. */
function createPcm(formatBits: readonly number[], refine: (view: DataView) => void) {
  const questions: Uint8Array[] = [];
  return {
    questions,
    ioctl: (request: number, argument: Uint8Array): number => {
      const view = new DataView(argument.buffer, argument.byteOffset, argument.byteLength);
      if (request === pcmRequests.INFO.request) {
        argument.set(new TextEncoder().encode("USB Audio"), 16);
        argument.set(new TextEncoder().encode("USB\u001b[31m Audio #1"), 80);
        return 0;
      }
      if (request !== pcmRequests.HW_REFINE.request) return ENOTTY;
      questions.push(argument.slice());
      argument.fill(0, 36, 68);
      for (const bit of formatBits) argument[36 + (bit >> 3)]! |= 1 << (bit & 7);
      refine(view);
      return 0;
    },
  };
}

function range(view: DataView, at: number, min: number, max: number, flags = 4): void {
  view.setUint32(at, min, true);
  view.setUint32(at + 4, max, true);
  view.setUint32(at + 8, flags, true);
}

describe("queryPcm", () => {
  it("gives names, formats, channels and rates", () => {
    const device = createPcm([2, 32], (view) => {
      range(view, channels, 1, 2);
      range(view, rate, 8000, 48_000);
    });
    expect(queryPcm(device)).toEqual({
      id: "USB Audio",
      name: "USB [31m Audio #1",
      formats: ["S16_LE", "S24_3LE"],
      ...{ minChannels: 1, maxChannels: 2, minRate: 8000, maxRate: 48_000 },
    });
  });

  it("excludes nothing by its question, and asks for everything", () => {
    const device = createPcm([], () => {});
    queryPcm(device);
    const [question] = device.questions;
    const view = new DataView(question!.buffer);
    expect(question!.subarray(4, 100).every((byte) => byte === 0xff)).toBe(true);
    expect([view.getUint32(channels, true), view.getUint32(channels + 4, true)]).toEqual([0, 0xffff_ffff]);
    expect(view.getUint32(512, true)).toBe(0xffff_ffff);
  });

  it("leaves out open ends, and takes an empty or upside-down range for none", () => {
    const device = createPcm([], (view) => {
      range(view, channels, 0, 3, 1 | 2 | 4);
      range(view, rate, 48_000, 8000);
    });
    expect(queryPcm(device)).toMatchObject({ minChannels: 1, maxChannels: 2, minRate: 0, maxRate: 0 });
    const empty = createPcm([], (view) => range(view, channels, 1, 2, 8));
    expect(queryPcm(empty)).toMatchObject({ minChannels: 0, maxChannels: 0 });
  });

  it("gives the error number of the one that refuses", () => {
    expect(queryPcm({ ioctl: () => EBUSY })).toBe(EBUSY);
    const refused = { ioctl: (request: number) => (request === pcmRequests.INFO.request ? 0 : ENOTTY) };
    expect(queryPcm(refused)).toBe(ENOTTY);
  });
});
