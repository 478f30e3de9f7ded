// JSON text → value with places.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPath, quote } from "../../../agent/manifest/json-path.ts";
import { parseJson } from "../../../agent/manifest/parse-json.ts";
import { thrownBy } from "./fixtures.ts";

describe("parseJson", () => {
  it.each([
    ['{"a": 1,\n "b": }', 2, 7, "expected a value"],
    ['{"a": 1,\n}', 2, 1, "expected a key in double quotes"],
    ["[1,\r\n2,\r\n]", 3, 1, "expected a value"],
    ['{\n\n  "a" 1}', 3, 7, "expected a colon"],
    ['{"a": 1 "b": 2}', 1, 9, "expected a comma"],
    ["// no\n{}", 1, 1, "JSON has no comments"],
    ["{} /* no */", 1, 4, "JSON has no comments"],
    ['{"a": [1, 2', 1, 12, "the text ends too early"],
    ["", 1, 1, "the text ends too early"],
    ['{"a": tru}', 1, 7, "this is not a JSON value"],
    ["[1]\n[2]", 2, 1, "expected nothing more after the value"],
    ['{"a": 1,\n "a": 2}', 2, 2, 'the key "a" is there twice'],
    ['{"x": {"__proto__": 1}}', 1, 8, '"__proto__" is not allowed'],
    ["[1e999]", 1, 2, "too large"],
    ["\ufeff{}", 1, 1, "this is not a JSON value"],
  ])("refuses %j at line %i, column %i", (text, line, column, message) => {
    const error = thrownBy(() => parseJson(text, { file: "p.json" }));
    expect(error.code).toBe("manifest-syntax");
    expect(error.where).toEqual({ file: "p.json", line, column });
    expect(error.message).toContain(message);
  });

  it("says that JSON has no trailing commas where one is the fault", () => {
    expect(thrownBy(() => parseJson("[1,]")).hint).toContain("trailing comma");
    expect(thrownBy(() => parseJson("[,]")).hint).toBeUndefined();
  });

  it("refuses nesting beyond the limit at the bracket that goes too far, without using up the stack", () => {
    expect(parseJson("[[[1]]]", { maxDepth: 3 }).value).toEqual([[[1]]]);
    expect(thrownBy(() => parseJson("[[[[1]]]]", { maxDepth: 3 })).where?.column).toBe(4);
    expect(thrownBy(() => parseJson("[".repeat(1_000_000))).message).toContain("nested deeper than 64");
    expect(thrownBy(() => parseJson('{"a":'.repeat(500_000))).message).toContain("nested deeper than 64");
  });

  it("refuses a text that is longer than its limit before it is read", () => {
    expect(thrownBy(() => parseJson(" ".repeat(4 * 1024 * 1024 + 1))).message).toContain(
      "longer than 4194304",
    );
  });

  it("finds values, keys and, for what isn't there, the nearest ancestor", () => {
    const { where } = parseJson('{\n  "nodes": [\n    {"id": "a"},\n    {"params": {"x": 1}}\n  ]\n}', {
      file: "f",
    });
    expect(where(["nodes", 1, "params", "x"])).toEqual({
      file: "f",
      path: "nodes[1].params.x",
      line: 4,
      column: 22,
    });
    expect(where(["nodes", 0, "id"], "key")).toMatchObject({ line: 3, column: 6 });
    expect(where(["nodes", 0, "node_type"])).toMatchObject({
      path: "nodes[0].node_type",
      line: 3,
      column: 5,
    });
    expect(where([])).toMatchObject({ path: "", line: 1, column: 1 });
  });

  it("agrees with JSON.parse on every JSON text", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.boolean(), (text, spaced) => {
        fc.pre(!text.includes("__proto__"));
        const value = JSON.parse(text);
        const shown = spaced ? JSON.stringify(value, null, 2) : text;
        expect(parseJson(shown).value).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("accepts nothing that JSON.parse refuses, and throws only errors with a place", () => {
    const piece = fc.constantFrom(
      ..."{}[],:\"\\ \n\t/*'-+.0123eE",
      "true",
      "null",
      '"a"',
      "1",
      "\u2028",
      "\u00a0",
      "a",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        let value: unknown;
        try {
          value = JSON.parse(text);
        } catch {
          expect(thrownBy(() => parseJson(text)).where?.line).toBeGreaterThan(0);
          return;
        }
        try {
          expect(parseJson(text).value).toEqual(value);
        } catch (thrown) {
          expect(String(thrown)).toMatch(/there twice|too large/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("names out of a document", () => {
  it("are shown without control characters, cut, and quoted where they aren't plain words", () => {
    expect(quote("a\u001b[31m\u009b\u202e")).toBe('"a\\u{1b}[31m\\u{9b}\\u{202e}"');
    expect(quote('say "hi"\\')).toBe('"say \\"hi\\"\\\\"');
    expect(quote("x".repeat(1000)).length).toBeLessThan(70);
    expect(formatPath(["modules", "my node", "path", 3])).toBe('modules["my node"].path[3]');
  });
});
