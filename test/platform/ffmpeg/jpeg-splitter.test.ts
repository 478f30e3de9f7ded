// Cutting JPEG pictures out of a stream, in pieces of any length, and out of what is none.
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
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

afterEach(() => {
  vi.restoreAllMocks();
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
  it("keeps what it has given, whatever becomes of the chunks", () => {
    const splitter = new JpegSplitter();
    const stream = Uint8Array.from([...picture([1, 2, 3]), ...picture([4, 5])]);
    const half = stream.slice(0, 40);
    const first = splitter.push(half);
    half.fill(0);
    const second = splitter.push(stream.slice(40));
    expect([...first, ...second].map((bytes) => [...bytes])).toEqual([picture([1, 2, 3]), picture([4, 5])]);
  });

  it("may have padding before any of its marks", () => {
    const whole = [0xff, 0xd8, 0xff, 0xff, 0xff, 0xe0, 0x00, 0x03, 0x41, 0xff, 0xff, 0xd9];
    const splitter = new JpegSplitter();
    expect(whole.flatMap((byte) => splitter.push(Uint8Array.of(byte)))).toEqual([Uint8Array.from(whole)]);
    expect(splitter.push(Uint8Array.from([...whole, ...whole]))).toHaveLength(2);
  });

  it("costs work in proportion to its length, in however many chunks a picture comes", () => {
    const bytes = 30 * 1024 * 1024;
    const large = new Uint8Array(bytes).fill(0x55);
    large.set([0xff, 0xd8, 0xff, 0xda, 0x00, 0x02]);
    large.set([0xff, 0xd9], bytes - 2);
    let copied = 0;
    let searched = 0;
    const { set, slice, indexOf } = Uint8Array.prototype;
    vi.spyOn(Uint8Array.prototype, "set").mockImplementation(function (this: Uint8Array, from, at) {
      copied += from.length;
      set.call(this, from, at);
    });
    vi.spyOn(Uint8Array.prototype, "slice").mockImplementation(function (this: Uint8Array, from, to) {
      const cut = slice.call(this, from, to);
      copied += cut.length;
      return cut;
    });
    vi.spyOn(Uint8Array.prototype, "indexOf").mockImplementation(function (this: Uint8Array, byte, from) {
      searched += this.length - (from ?? 0);
      return indexOf.call(this, byte, from);
    });
    const splitter = new JpegSplitter();
    const cut: Uint8Array[] = [];
    for (let at = 0; at < bytes; at += 4096) cut.push(...splitter.push(large.subarray(at, at + 4096)));
    expect(cut.map(({ length }) => length)).toEqual([bytes]);
    // Once in, at most twice while the room grows, once out.
    expect(copied).toBeGreaterThanOrEqual(bytes);
    expect(copied).toBeLessThan(4.1 * bytes);
    expect(searched).toBeLessThan(1.1 * bytes);
  });
});
