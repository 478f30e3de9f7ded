// JSON with byte arrays beside it: what is written is read, and garbage is refused without harm.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBlobJson, readBlobJson, writeBlobJson } from "../../../agent/sandbox/blob-json.ts";

function written(value: unknown): Uint8Array {
  const encoded = encodeBlobJson(value);
  const target = new Uint8Array(encoded.bytes + 20).fill(0xee);
  writeBlobJson(encoded, target, 10);
  expect([...target.subarray(0, 10), ...target.subarray(10 + encoded.bytes)]).toEqual(Array(20).fill(0xee));
  return target.subarray(10, 10 + encoded.bytes);
}

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.bigInt(),
    fc.uint8Array({ maxLength: 50 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("value"), { maxKeys: 4 }),
  ),
})).value;

describe("blob JSON", () => {
  it("gives back what was written: numbers, texts, big integers, byte arrays, nested as they were", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(readBlobJson(written(value))).toEqual(value);
      }),
    );
  });

  it("reads byte arrays as views, not as copies", () => {
    const bytes = written({ one: new Uint8Array([1, 2]), other: new Uint8Array([3]) });
    const { one, other } = readBlobJson(bytes) as { one: Uint8Array; other: Uint8Array };
    expect([one.buffer, other.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    expect([[...one], [...other]]).toEqual([[1, 2], [3]]);
  });

  it("throws what it says on anything else, or gives something", () => {
    const head = (length: number) => [length & 255, (length >> 8) & 255, 0, 0];
    const jsonLike = fc
      .oneof(
        fc.json(),
        fc.constantFrom(
          '{"blob":[0,9]}',
          '{"blob":[-1,1]}',
          '{"blob":["0",{}]}',
          '{"bigint":"x"}',
          '{"blob":[]}',
        ),
      )
      .map((text) => new TextEncoder().encode(text))
      .map((json) => Uint8Array.from([...head(json.length), ...json]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), jsonLike), (bytes) => {
        try {
          readBlobJson(bytes);
        } catch (thrown) {
          expect(["SyntaxError", "RangeError", "RemoteMediaError"]).toContain((thrown as Error).name);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(['{"blob":[0,9]}', '{"blob":[-1,1]}', '{"blob":[1e9,1]}', '{"blob":[0,1e300]}'])(
    "refuses %s, which points outside",
    (text) => {
      const json = new TextEncoder().encode(text);
      const bytes = Uint8Array.from([json.length, 0, 0, 0, ...json]);
      expect(() => readBlobJson(bytes)).toThrow(expect.objectContaining({ code: "cache-failed" }));
    },
  );

  it("a torn end is refused", () => {
    const bytes = written({ module: new Uint8Array(100), name: "x" });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readBlobJson(bytes.subarray(0, length))).toThrow();
    }
  });
});
