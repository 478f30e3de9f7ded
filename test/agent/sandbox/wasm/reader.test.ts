// The bounded reader: numbers as the specification takes them, nothing outside of the range.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader } from "../../../../agent/sandbox/wasm/reader.ts";
import { ByteWriter } from "../../../../agent/sandbox/wasm/writer.ts";
import { refusal } from "./refusal.ts";

const reader = (...bytes: number[]) => new ByteReader(new Uint8Array(bytes));

test("a u32 that was written is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      expect(new ByteReader(new ByteWriter().u32(value).copy()).u32()).toBe(value);
    }),
  );
});

test("a signed number that was written is as long as the reader takes it to be", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const read = new ByteReader(new ByteWriter().s64(value).u8(7).copy());
      read.skipS64();
      expect(read.u8()).toBe(7);
      expect(read.done).toBe(true);
    }),
  );
});

test("a positive number has the same bytes written either way", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), (value) => {
      expect(new ByteWriter().positive(value).copy()).toEqual(new ByteWriter().s64(BigInt(value)).copy());
    }),
  );
});

test("padded numbers are taken, as linkers write them", () => {
  expect(reader(0x83, 0x80, 0x80, 0x80, 0x00).u32()).toBe(3);
  expect(reader(0x83, 0x80, 0x80, 0x80, 0x00).typeIndex()).toBe(3);
});

test.each([
  ["a u32 of six bytes", (r: ByteReader) => r.u32(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ["a u32 of 33 bits", (r: ByteReader) => r.u32(), [0xff, 0xff, 0xff, 0xff, 0x1f]],
  [
    "an s32 whose unused bits are not its sign",
    (r: ByteReader) => r.skipS32(),
    [0xff, 0xff, 0xff, 0xff, 0x4f],
  ],
  ["an s32 of six bytes", (r: ByteReader) => r.skipS32(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ["an s64 of eleven bytes", (r: ByteReader) => r.skipS64(), [...Array(10).fill(0x80), 0]],
  ["an s64 of 65 bits", (r: ByteReader) => r.skipS64(), [...Array(9).fill(0xff), 0x01]],
  ["a negative type index", (r: ByteReader) => r.typeIndex(), [0xc0, 0x7f]],
  ["a type index of 34 bits", (r: ByteReader) => r.typeIndex(), [0xff, 0xff, 0xff, 0xff, 0x3f]],
  ["a number without its last byte", (r: ByteReader) => r.u32(), [0x80]],
  ["a name that is longer than the rest", (r: ByteReader) => r.name(), [5, 0x61]],
  ["a name that is not UTF-8", (r: ByteReader) => r.name(), [2, 0xc3, 0x28]],
  ["a count without bytes to match", (r: ByteReader) => r.count(1000, "things"), [9, 1, 2]],
])("%s is refused with its offset", (_what, read, bytes) => {
  const error = refusal(() => read(reader(...bytes)));
  expect(error.code).toBe("module-invalid");
  expect(error.message).toMatch(/ at byte \d+$/);
});

test("the bytes behind the end of the range are not there", () => {
  const part = new ByteReader(new Uint8Array([1, 2, 3, 4]), 1, 3);
  expect([part.u8(), part.u8()]).toEqual([2, 3]);
  expect(refusal(() => part.u8()).message).toBe("unexpected end at byte 3");
});
