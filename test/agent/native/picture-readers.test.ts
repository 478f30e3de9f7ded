// The readers of decoded video.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPam } from "../../../agent/native/pam-reader.ts";
import { pictureTimeUs, readY4m } from "../../../agent/native/y4m-reader.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { chunked, collect, ours, utf8 } from "./chunked.ts";

const join = (...parts: (string | Uint8Array)[]) =>
  new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === "string" ? utf8(part) : part))));
const bytes = (count: number, first = 0) => Uint8Array.from({ length: count }, (_, index) => first + index);
const frameRate = { numerator: 30_000, denominator: 1001 };
const y4m = (input: Uint8Array, sizes?: number[]) =>
  collect(readY4m(chunked(input, sizes), { port: "in", file: "x.mp4" }));
const pam = (input: Uint8Array, sizes?: number[]) =>
  collect(readPam(chunked(input, sizes), { port: "in", frameRate }));

const y4mHeader = "YUV4MPEG2 W3 H3 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2\n";
const pamHeader = "P7\nWIDTH 2\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n";

describe("YUV4MPEG2", () => {
  it("is i420 pictures with rounded-up chroma and times that don't drift", async () => {
    const input = join(y4mHeader, "FRAME\n", bytes(17), "FRAME Ixyz\n", bytes(17, 100));
    for (const sizes of [[1], [7, 2], [1000]]) {
      const { items, error } = await y4m(input, sizes);
      expect(error).toBeUndefined();
      expect(items.map(({ pts, data }) => [pts, [...data]])).toEqual([
        [0, [...bytes(17)]],
        [33_367, [...bytes(17, 100)]],
      ]);
      expect(items[0]!.payload).toEqual({ kind: "video", width: 3, height: 3, format: "i420" });
    }
    expect(pictureTimeUs(30_000_000, frameRate)).toBe(1_001_000_000_000);
  });

  it("is gray8 where it is mono, and nothing where no picture follows", async () => {
    const { items } = await y4m(join(y4mHeader.replace("420mpeg2", "mono"), "FRAME\n", bytes(9)));
    expect(items[0]!.payload).toMatchObject({ format: "gray8" });
    expect((await y4m(utf8(y4mHeader))).items).toEqual([]);
  });

  it("that ends within a picture gives those before and says so", async () => {
    const { items, error } = await y4m(join(y4mHeader, "FRAME\n", bytes(17), "FRAME\n", bytes(5)));
    expect(items.length).toBe(1);
    expect(ours(error, "input-broken").message).toContain("5 of 17");
  });

  it("with a header that can't be is refused", async () => {
    for (const header of [
      "",
      "RIFF\n",
      y4mHeader.replace("W3", "W0"),
      y4mHeader.replace("W3", "W999999"),
      y4mHeader.replace("H3", "Hx"),
      y4mHeader.replace("H3", "H1.5"),
      y4mHeader.replace("F30000:1001", "F0:0"),
      y4mHeader.replace("C420mpeg2", "C422"),
      "YUV4MPEG2 ".padEnd(5000, "x"),
    ]) {
      ours((await y4m(join(header, "FRAME\n", bytes(17)))).error, "input-invalid");
    }
    ours((await y4m(join(y4mHeader, "FRANE\n", bytes(17)))).error, "input-invalid");
  });
});

describe("PAM", () => {
  it("is rgb24 or rgba32 pictures at the rate given", async () => {
    const input = join(pamHeader, bytes(6), pamHeader.replace("DEPTH 3", "DEPTH 4"), bytes(8));
    for (const sizes of [[1], [5, 3], [1000]]) {
      const { items, error } = await pam(input, sizes);
      expect(error).toBeUndefined();
      expect(
        items.map(({ pts, payload, data }) => [pts, "format" in payload && payload.format, data.length]),
      ).toEqual([
        [0, "rgb24", 6],
        [33_367, "rgba32", 8],
      ]);
    }
  });

  it("that is cut or wrong is refused", async () => {
    ours((await pam(join(pamHeader, bytes(5)))).error, "input-broken");
    for (const wrong of [
      "P6\n",
      "P7\nWIDTH 2\n",
      pamHeader.replace("255", "65535"),
      pamHeader.replace("WIDTH 2", "WIDTH"),
    ]) {
      ours((await pam(join(wrong, bytes(6)))).error, "input-invalid");
    }
  });
});

it("any bytes are pictures or refused with an error of ours", async () => {
  const start = fc.constantFrom("", y4mHeader, `${y4mHeader}FRAME\n`, pamHeader, "P7\nWIDTH 2\n");
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 100 }), async (head, rest) => {
      for (const read of [y4m, pam]) {
        const { error } = await read(join(head, rest));
        if (error !== undefined) expect(error).toBeInstanceOf(RemoteMediaError);
      }
    }),
    { numRuns: 200 },
  );
});
