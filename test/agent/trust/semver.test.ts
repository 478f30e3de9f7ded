// Semantic versions: the order that the specification gives.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareSemver, isSemver } from "../../../agent/trust/semver.ts";

test("versions come in the order of the specification's example, and of numbers larger than JavaScript's", () => {
  const ordered = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0-9007199254740992",
    "2.0.0-9007199254740993",
    "2.0.0",
    "9007199254740993.0.0",
  ];
  for (const [at, version] of ordered.entries()) {
    expect(isSemver(version)).toBe(true);
    for (const [before, other] of ordered.entries())
      expect(Math.sign(compareSemver(version, other))).toBe(Math.sign(at - before));
  }
});

test("build metadata doesn't count", () => {
  expect(compareSemver("1.0.0+a", "1.0.0+b")).toBe(0);
});

test.each([
  "",
  "1",
  "1.2",
  "v1.2.3",
  "01.2.3",
  "1.2.3-",
  "1.2.3-01",
  "1.2.3+",
  "1.2.3 ",
  "1.2.3\n",
  `1.2.3-${"a".repeat(128)}`,
])("%j is no semantic version", (text) => {
  expect(isSemver(text)).toBe(false);
});

test("turning two versions round turns their order round", () => {
  const number = fc.nat(3).map(String);
  const part = fc.constantFrom("0", "1", "10", "a", "b", "-", "a1");
  const version = fc
    .tuple(number, number, number, fc.array(part, { maxLength: 3 }))
    .map(([a, b, c, parts]) => `${a}.${b}.${c}${parts.length === 0 ? "" : `-${parts.join(".")}`}`);
  fc.assert(
    fc.property(version, version, (one, other) => {
      expect(Math.sign(compareSemver(one, other))).toBe(0 - Math.sign(compareSemver(other, one)));
      expect(compareSemver(one, other) === 0).toBe(one === other);
    }),
  );
});
