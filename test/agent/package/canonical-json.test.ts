// JSON that is the same bytes for the same value.
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../../agent/package/canonical-json.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

function text(value: unknown): string {
  return new TextDecoder().decode(canonicalJson(value));
}

test("numbers, texts and literals are written as RFC 8785 shows them", () => {
  const value = {
    numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0],
    string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(text(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("keys stand in the order of their UTF-16 units, as RFC 8785 shows them", () => {
  const keys = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
  const sorted = Object.keys(JSON.parse(text(Object.fromEntries(keys.map((key) => [key, 1])))));
  expect(sorted.filter((key) => key !== "1")).toEqual([
    "\r",
    "\u0080",
    "\u00f6",
    "\u20ac",
    "\u{1f600}",
    "\ufb33",
  ]);
  expect(text({ b: 1, 10: 2, 9: 3, a: undefined })).toBe('{"10":2,"9":3,"b":1}');
});

test("what was read from canonical JSON gives the same bytes again, whatever the order of its keys", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const once = text(value);
      expect(text(JSON.parse(once))).toBe(once);
      expect(JSON.parse(once)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(text(reversed(value))).toBe(once);
    }),
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, reversed(one)]),
  );
}

test("what JSON can't hold is refused", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  for (const value of [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "\ud800",
    { "\udc00": 1 },
    1n,
    () => 1,
    [undefined],
    deep,
  ]) {
    expect(() => canonicalJson(value)).toThrow(RemoteMediaError);
  }
});
