// The params schema of a node.json: what is accepted, what is refused, and that none can run away.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkParams } from "../../../agent/manifest/check-params.ts";
import { compileParamsSchema } from "../../../agent/manifest/params-schema.ts";
import { patternCost } from "../../../agent/manifest/pattern-cost.ts";
import { thrownBy } from "./fixtures.ts";

function check(properties: Record<string, unknown>, params: Record<string, unknown>, more = {}) {
  const schema = compileParamsSchema({ type: "object", properties, ...more });
  const { params: filled, problems } = checkParams(schema, params);
  const shown = problems.map(
    ({ path, message, hint }) => `${path.join(".")}: ${message}${hint ? ` (${hint})` : ""}`,
  );
  return { filled, shown };
}

describe("checkParams", () => {
  it("fills defaults into a new object and leaves the given one as it is", () => {
    const given = Object.freeze({ nested: Object.freeze({ b: 2 }) });
    const nested = {
      type: "object",
      properties: { a: { type: "integer", default: 1 }, b: { type: "integer" } },
    };
    const { filled, shown } = check({ nested, mode: { enum: ["fast", "slow"], default: "fast" } }, given);
    expect(shown).toEqual([]);
    expect(filled).toEqual({ nested: { a: 1, b: 2 }, mode: "fast" });
    expect(given).toEqual({ nested: { b: 2 } });
  });

  it("counts a default as present where the param is required", () => {
    expect(check({ a: { type: "integer", default: 1 } }, {}, { required: ["a"] })).toEqual({
      filled: { a: 1 },
      shown: [],
    });
  });

  it.each([
    [{ factor: { type: "number" } }, { fctor: 3 }, 'fctor: unknown param "fctor" (did you mean "factor"?)'],
    [{ a: { type: "number", minimum: 0 } }, { a: -1 }, "a: expected at least 0, found -1"],
    [{ a: { type: "number", exclusiveMaximum: 1 } }, { a: 1 }, "a: expected less than 1, found 1"],
    [{ a: { type: "integer" } }, { a: 1.5 }, "a: expected a whole number, found 1.5"],
    [{ a: { type: "boolean" } }, { a: "true" }, 'a: expected true or false, found "true"'],
    [
      { a: { enum: ["fast", "slow"] } },
      { a: "fats" },
      'a: expected "fast" or "slow", found "fats" (did you mean "fast"?)',
    ],
    [{ a: { type: ["string", "null"] } }, { a: 1 }, "a: expected a string or null, found 1"],
    [
      { a: { type: "array", items: { type: "number" }, maxItems: 2 } },
      { a: [1, "x"] },
      'a.1: expected a number, found "x"',
    ],
    [
      { a: { type: "array", uniqueItems: true } },
      { a: [1, 1] },
      "a.1: array items must be unique: element at index 1 duplicates the one at index 0",
    ],
    [
      { a: { type: "string", pattern: "^[a-z]+$" } },
      { a: "A" },
      'a: expected a string that fits /^[a-z]+$/, found "A"',
    ],
    [
      { a: { anyOf: [{ type: "string" }, { type: "number" }] } },
      { a: [] },
      "a: expected a string or a number, found a list of 0",
    ],
    [
      { a: { oneOf: [{ type: "integer" }, { type: "object", properties: { ms: { type: "integer" } } }] } },
      { a: { ns: 1 } },
      'a.ns: unknown param "ns" (did you mean "ms"?)',
    ],
  ])("%j refuses %j", (properties, params, problem) => {
    expect(check(properties, params).shown).toEqual([problem]);
  });

  it("names a param that is missing and what it must be", () => {
    expect(check({ a: { type: "number" } }, {}, { required: ["a"] }).shown).toEqual([
      'a: missing param "a" (it must be a number)',
    ]);
  });

  it("lets an object that says so take unknown params", () => {
    expect(check({ a: { type: "number" } }, { b: 1 }, { additionalProperties: true }).shown).toEqual([]);
  });

  it("refuses more values than it is willing to walk", () => {
    const list = Array.from({ length: 1_000_000 }, () => 0);
    expect(check({ a: { type: "array" } }, { a: list }).shown).toEqual([
      ": too many values in params to check them",
    ]);
  });
});

describe("compileParamsSchema", () => {
  it("inlines references to $defs", () => {
    const rate = { $ref: "#/$defs/rate", default: 8000 };
    const { filled, shown } = check(
      { rate },
      { rate: 0 },
      { $defs: { rate: { type: "integer", minimum: 1 } } },
    );
    expect(filled).toEqual({ rate: 0 });
    expect(shown).toEqual(["rate: expected at least 1, found 0"]);
  });

  it.each([
    [{ not: {} }, "params.properties.a.not", '"not" is not understood here'],
    [{ allOf: [] }, "params.properties.a.allOf", '"allOf" is not understood here'],
    [{ if: {} }, "params.properties.a.if", '"if" is not understood here'],
    [{ patternProperties: {} }, "params.properties.a.patternProperties", "is not understood here"],
    [{ minimum: 3 }, "params.properties.a.minimum", '"minimum" needs the type it speaks about'],
    [{ type: "float" }, "params.properties.a.type", "it is not a JSON type"],
    [{ type: "string", anyOf: [true] }, "params.properties.a", '"anyOf" and "type" can\'t stand together'],
    [
      { type: "string", enum: ["a"], maxLength: 1 },
      "params.properties.a",
      '"enum" and "maxLength" can\'t stand together',
    ],
    [{ enum: [{}] }, "params.properties.a.enum", "only plain values can stand here"],
    [{ type: "number", minimum: "3" }, "params.properties.a.minimum", "expected a number"],
    [
      { type: "number", default: "x" },
      "params.properties.a.default",
      "the default doesn't fit its own schema",
    ],
    [{ $ref: "https://example.com/x.json" }, "params.properties.a.$ref", "a reference is #/$defs/NAME"],
    [{ $ref: "#/$defs/none" }, "params.properties.a.$ref", "NAME is in $defs"],
    [{ type: "string", pattern: "(" }, "params.properties.a.pattern", "is not a regular expression"],
    [{ type: "string", pattern: "^(a+)+$" }, "params.properties.a.pattern", "repeats a group"],
    [3, "params.properties.a", "a schema is an object, true or false"],
  ])("refuses %j", (schema, path, message) => {
    const error = thrownBy(() => compileParamsSchema({ type: "object", properties: { a: schema } }));
    expect(error.code).toBe("node-descriptor-invalid");
    expect(error.where?.path).toBe(path);
    expect(error.message).toContain(message);
  });

  it("refuses a reference that comes back to itself, and one that multiplies beyond bounds", () => {
    const loop = { a: { $ref: "#/$defs/b" }, b: { type: "array", items: { $ref: "#/$defs/a" } } };
    const use = { x: { $ref: "#/$defs/a" } };
    expect(
      thrownBy(() => compileParamsSchema({ type: "object", properties: use, $defs: loop })).message,
    ).toContain("refers to itself");
    const doubling = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => {
        const next = { $ref: `#/$defs/d${n + 1}` };
        return [`d${n}`, n === 29 ? { type: "null" } : { anyOf: [next, next] }];
      }),
    );
    const billion = { type: "object", properties: { x: { $ref: "#/$defs/d0" } }, $defs: doubling };
    expect(thrownBy(() => compileParamsSchema(billion)).message).toMatch(/more than 1000 parts|too deeply/);
  });

  it("throws nothing but errors of ours on arbitrary schemas", () => {
    const keyword = fc.constantFrom(
      "type",
      "properties",
      "items",
      "anyOf",
      "enum",
      "$ref",
      "default",
      "pattern",
      "minimum",
    );
    const schema = fc.letrec((tie) => ({
      schema: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("object", "string", "number", "#/$defs/a", "(", "a+", 1, true, null),
        fc.array(tie("schema"), { maxLength: 3 }),
        fc.dictionary(keyword, tie("schema"), { maxKeys: 4 }),
      ),
    })).schema;
    fc.assert(
      fc.property(fc.dictionary(keyword, schema), schema, (root, definition) => {
        const whole = { ...root, type: "object", $defs: { a: definition } };
        try {
          checkParams(compileParamsSchema(whole), { a: 1, properties: "x" });
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "node-descriptor-invalid" });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("patternCost", () => {
  it.each([
    ["^[a-z]+$", { exponent: 1, factor: 1 }],
    ["^a{3}$", { exponent: 0, factor: 1 }],
    ["[a-z]+", { exponent: 2, factor: 1 }],
    ["^\\d{1,3}x\\d{1,3}$", { exponent: 0, factor: 9 }],
    ["^https?://\\S+$", { exponent: 1, factor: 2 }],
    ["^(mono|stereo)$", { exponent: 1, factor: 2 }],
    ["^[^\\]+*]$", { exponent: 0, factor: 1 }],
  ])("of %s", (pattern, cost) => {
    expect(patternCost(pattern)).toEqual(cost);
  });

  it.each([
    "^(a+)+$",
    "^(a|a)*$",
    "(?=a)a",
    "(a)\\1",
    "a*a*a*a*b",
    `${"a?".repeat(20)}b`,
    "(?<x>a)",
    "(a|b)(a|b)".repeat(9),
    "[",
  ])("refuses %s", (pattern) => {
    expect(patternCost(pattern)).toHaveProperty("refused");
  });

  it("bounds the text so that the worst accepted pattern ends soon", () => {
    const schema = compileParamsSchema({
      type: "object",
      properties: { a: { type: "string", pattern: "a+a+b" }, b: { type: "string" } },
    });
    expect(schema.maxTextLength).toBeLessThan(300);
    const started = performance.now();
    const atMost = checkParams(schema, { a: "a".repeat(schema.maxTextLength) });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(atMost.problems.length).toBe(1);
    const beyond = checkParams(schema, { a: "a".repeat(schema.maxTextLength + 1) });
    expect(beyond.problems[0]?.message).toContain("too long for the patterns");
  });
});
