// Cutting JPEG pictures out of a stream, in pieces of any length, and out of what is none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { JpegSplitter } from "../../../platform/ffmpeg/jpeg-splitter.ts";

/** A picture of a table that looks like an end, and a scan with stuffed zeros, restarts and padding. */
function picture(scan: readonly number[]): number[] {
  const table = [0xff, 0xdb, 0x00, 0x06, 0xff, 0xd9, 0xff, 0xd8];
  const escaped = scan.flatMap((byte) => (byte === 0xff ? [0xff, 0x00] : [byte]));
  return [0xff, 0xd8, ...table, 0xff, 0xda, 0x00, 0x02, ...escaped, 0xff, 0xd0, 0x11, 0xff, 0xff, 0xd9];
}

const scans = fc.array(fc.array(fc.oneof(fc.nat(255), fc.constant(0xff)), { maxLength: 50 }), {
  maxLength: 5,
});

describe("a stream of JPEG pictures", () => {
  it("is cut where each ends, however it comes", () => {
    fc.assert(
      fc.property(scans, fc.integer({ min: 1, max: 40 }), (given, step) => {
        const pictures = given.map(picture);
        const stream = Uint8Array.from(pictures.flat());
        const splitter = new JpegSplitter();
        const cut: number[][] = [];
        for (let at = 0; at < stream.length; at += step) {
          cut.push(...splitter.push(stream.slice(at, at + step)).map((bytes) => [...bytes]));
        }
        expect(cut).toEqual(pictures);
      }),
    );
  });

  it("that is something else is refused, or waits for its end", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        const splitter = new JpegSplitter();
        try {
          for (const chunk of chunks) splitter.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(RemoteMediaError);
        }
      }),
    );
    expect(() => new JpegSplitter().push(Uint8Array.of(1, 2, 3))).toThrow("no JPEG");
    expect(() =>
      new JpegSplitter().push(new Uint8Array(33 * 1024 * 1024).fill(0x55).fill(0xff, 0, 1).fill(0xd8, 1, 2)),
    ).toThrow();
  });
});
