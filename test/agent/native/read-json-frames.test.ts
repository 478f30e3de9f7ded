// JSON and NDJSON inputs, right, wrong and fuzzed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type LocatedFrame,
  readJsonFrames,
  readNdjsonFrames,
} from "../../../agent/native/read-json-frames.ts";
import { sha256Hex } from "../../../agent/native/sha256-hex.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { chunked, collect, ours, utf8 } from "./chunked.ts";

const options = { port: "in", sha256: sha256Hex, file: "x.json" };
const texts = (items: readonly LocatedFrame[]) =>
  items.map(({ frame }) => new TextDecoder().decode(frame.data));
const json = (text: string | Uint8Array, sizes?: number[]) =>
  collect(readJsonFrames(chunked(typeof text === "string" ? utf8(text) : text, sizes), options));
const ndjson = (text: string | Uint8Array, sizes?: number[]) =>
  collect(readNdjsonFrames(chunked(typeof text === "string" ? utf8(text) : text, sizes), options));

describe("a JSON document", () => {
  it("is a frame for each item of its array, timed by the index", async () => {
    const { items, error } = await json('[1, {"a":[2,3]}, "x,]"]');
    expect(error).toBeUndefined();
    expect(texts(items)).toEqual(["1", '{"a":[2,3]}', '"x,]"']);
    expect(items.map(({ frame }) => frame.pts)).toEqual([0, 1, 2]);
    expect(items.every(({ frame }) => frame.port === "in" && frame.payload.kind === "json")).toBe(true);
  });

  it("that is no array is one frame", async () => {
    expect(texts((await json(' {"a":\n[1,2]} ')).items)).toEqual(['{"a":\n[1,2]}']);
  });

  it("that is an empty array has no frame", async () => {
    expect(await json(" [ \n ] ")).toEqual({ items: [], error: undefined });
  });

  it("may begin with a byte order mark", async () => {
    expect(texts((await json("\ufeff[1]", [1])).items)).toEqual(["1"]);
    expect(texts((await ndjson("\ufeff1\n2", [1])).items)).toEqual(["1", "2"]);
  });

  it("that is wrong is refused with the line, after the items before it", async () => {
    const wrong: [string, number, number][] = [
      ["", 1, 0],
      ["\n\n", 1, 0],
      ["[1,\n2", 2, 1],
      ["[1,\n\n nope]", 3, 1],
      ["[1,\n]", 2, 1],
      ["[,1]", 1, 0],
      ["[1]\n2", 2, 1],
      ["[1}\n", 1, 0],
      ["[1\n2]", 1, 0],
      ["nope", 1, 0],
      ["[{]", 1, 0],
      ['["a\n"]', 1, 0],
    ];
    for (const [text, line, before] of wrong) {
      const { items, error } = await json(text);
      const refused = ours(error, "input-invalid");
      expect([refused.where?.line, items.length], JSON.stringify(text)).toEqual([line, before]);
      expect(refused.where?.file).toBe("x.json");
    }
  });

  it("that never ends an item is given up, not gathered", async () => {
    async function* endless() {
      const chunk = new Uint8Array(4 * 1024 * 1024).fill(0x20);
      yield utf8('["');
      for (;;) yield chunk;
    }
    ours((await collect(readJsonFrames(endless(), options))).error, "input-invalid");
    ours((await collect(readNdjsonFrames(endless(), options))).error, "input-invalid");
  });
});

describe("NDJSON", () => {
  it("is a frame for each line that isn't blank, and lines count all", async () => {
    const { items, error } = await ndjson('1\r\n\n  \n{"a":2}\nnope\n');
    expect(texts(items)).toEqual(["1", '{"a":2}']);
    expect(items.map(({ line }) => line)).toEqual([1, 4]);
    const refused = ours(error, "input-invalid");
    expect(refused.where?.line).toBe(5);
    expect(refused.message).toContain("Line 5");
  });

  it("needs no line feed at its end, and nothing in it is no frame", async () => {
    expect(texts((await ndjson("1\n2")).items)).toEqual(["1", "2"]);
    expect((await ndjson("")).items).toEqual([]);
  });

  it("mixes frames' lines and values, the latter just after the frame before", async () => {
    const { items } = await ndjson('5\n{"port":"x","pts":100,"json":6}\n7\n');
    expect(items.map(({ frame }) => [frame.port, frame.pts])).toEqual([
      ["in", 0],
      ["x", 100],
      ["in", 101],
    ]);
  });

  it("gives a line as soon as it is there", async () => {
    async function* slow() {
      yield utf8("1\n");
      await new Promise(() => {});
    }
    const frames = readNdjsonFrames(slow(), options);
    expect((await frames.next()).value.frame.data).toEqual(utf8("1"));
  });
});

describe("any", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

  it("array is read as its items, wherever the chunks are cut and the spaces are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.constantFrom(0, 1, "\t"),
        sizes,
        async (values, indent, cuts) => {
          const plain = values.map((value) => ({ value }));
          const { items, error } = await json(JSON.stringify(plain, null, indent), cuts);
          expect(error).toBeUndefined();
          expect(texts(items).map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(plain)));
          const lines = plain.map((value) => `${JSON.stringify(value)}\n`).join("");
          expect(texts((await ndjson(lines, cuts)).items)).toEqual(
            plain.map((value) => JSON.stringify(value)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("text is taken for JSON exactly where JSON.parse takes it", async () => {
    const almost = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "]", "[", '"', "\\", "1", " "))
      .map(
        ([text, at, other]) =>
          text.slice(0, at % (text.length + 1)) + other + text.slice((at % (text.length + 1)) + 1),
      );
    await fc.assert(
      fc.asyncProperty(almost, async (text) => {
        const parses = (() => {
          try {
            return JSON.parse(text) !== Symbol();
          } catch {
            return false;
          }
        })();
        const { error } = await json(text, [3]);
        if (error !== undefined) expect(error).toBeInstanceOf(RemoteMediaError);
        expect(error === undefined, text).toBe(parses);
      }),
      { numRuns: 500 },
    );
  });
});
