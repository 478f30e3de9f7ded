// The policy file, its globs, and what a signer may not.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchGlob } from "../../../agent/trust/match-glob.ts";
import { formatTrustPolicy, parseTrustPolicy } from "../../../agent/trust/parse-trust-policy.ts";
import { findDenial, trustOnly } from "../../../agent/trust/trust-policy.ts";
import { codeOf, digest, keyA, keyB, refusalOf } from "./channel-stand.ts";

const key = keyA.publicKey.pem;
const parse = (value: unknown) => parseTrustPolicy(JSON.stringify(value), "trust.json");

describe("a policy file", () => {
  test("says nothing but its version and trusts nobody then", () => {
    expect(parse({ version: 1 })).toEqual({
      signers: [],
      allowUnsigned: false,
      requireProvenance: false,
      builders: [],
    });
  });

  test("gives signers everything where it sets no limits", () => {
    const policy = parse({ version: 1, signers: [{ name: "ada", key }] });
    expect(policy).toEqual(trustOnly([{ name: "ada", key: keyA.publicKey }]));
  });

  test("is written as it is read", () => {
    const policy = parse({
      version: 1,
      signers: [{ name: "ada", key, pipelines: ["door*"], repositories: ["registry.example/a/**"] }],
      allow_unsigned: true,
      require_provenance: true,
      builders: ["https://ci.example"],
    });
    expect(policy).toMatchObject({
      allowUnsigned: true,
      requireProvenance: true,
      builders: ["https://ci.example"],
    });
    expect(parseTrustPolicy(formatTrustPolicy(policy), "trust.json")).toEqual(policy);
  });

  test.each([
    ["an unknown version", { version: 2 }, "version"],
    ["no version", {}, "version"],
    ["a list", [], undefined],
    ["signers that are none", { version: 1, signers: {} }, "signers"],
    ["a signer without key", { version: 1, signers: [{ name: "ada" }] }, "signers[0].key"],
    ["a signer without name", { version: 1, signers: [{ key }] }, "signers[0].name"],
    ["a name with a line end", { version: 1, signers: [{ name: "a\nb", key }] }, "signers[0].name"],
    ["a key that is none", { version: 1, signers: [{ name: "a", key: "x" }] }, "signers[0].key"],
    [
      "a glob that is no text",
      { version: 1, signers: [{ name: "a", key, pipelines: [1] }] },
      "signers[0].pipelines[0]",
    ],
    [
      "a long glob",
      { version: 1, signers: [{ name: "a", key, repositories: ["*".repeat(257)] }] },
      "signers[0].repositories[0]",
    ],
    ["a flag that is none", { version: 1, allow_unsigned: "yes" }, "allow_unsigned"],
    ["many builders", { version: 1, builders: Array(65).fill("b") }, "builders"],
    ["many signers", { version: 1, signers: Array(257).fill({ name: "a", key }) }, "signers"],
  ])("with %s is refused, with the place", (_, value, path) => {
    const { code, where } = refusalOf(() => parse(value));
    expect({ code, where }).toEqual({
      code: "policy-invalid",
      where: { file: "trust.json", ...(path && { path }) },
    });
  });

  test.each([
    ["not JSON", "{"],
    ["a key twice", '{"version": 1, "version": 1}'],
    ["a key twice, once escaped", '{"version": 1, "v\\u0065rsion": 1}'],
    ["a prototype", '{"version": 1, "__proto__": {"allow_unsigned": true}}'],
    ["depth", `{"version": 1, "builders": ${"[".repeat(40)}${"]".repeat(40)}}`],
    ["size", `{"version": 1}${" ".repeat(1 << 20)}`],
  ])("that has %s is refused", (_, text) => {
    expect(codeOf(() => parseTrustPolicy(text, "trust.json"))).toBe("policy-invalid");
  });

  test("with a slip in a field's name is refused with the right one", () => {
    expect(refusalOf(() => parse({ version: 1, allow_unsinged: true })).hint).toBe(
      'did you mean "allow_unsigned"?',
    );
    const slipped = refusalOf(() => parse({ version: 1, signers: [{ name: "a", key, pipeline: ["*"] }] }));
    expect(slipped.hint).toBe('did you mean "pipelines"?');
  });

  test("never crashes, whatever it is", () => {
    const shape = fc.record(
      {
        version: fc.constant(1),
        signers: fc.jsonValue(),
        allow_unsigned: fc.jsonValue(),
        builders: fc.jsonValue(),
      },
      { requiredKeys: ["version"] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          shape.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          expect(["policy-invalid", "accepted"]).toContain(codeOf(() => parseTrustPolicy(text, "f")));
        },
      ),
    );
  });
});

describe("a glob", () => {
  test.each([
    ["anything/at.all", "*", true],
    ["", "*", true],
    ["registry.example/team/a", "registry.example/team/*", true],
    ["registry.example/team/a/b", "registry.example/team/*", false],
    ["registry.example/team/a/b", "registry.example/team/**", true],
    ["registry.example/team", "registry.example/team/*", false],
    ["evil.test/x.example/team", "*.example/team", false],
    ["a.example/team", "*.example/team", true],
    ["door-1", "door-*", true],
    ["door-", "door-*", true],
    ["back-door-1", "door-*", false],
    ["door", "Door", false],
    ["a.b", "a?b", false],
    ["axb", "a.b", false],
    ["abc", "", false],
    ["aXbXc", "a*b*c", true],
    ["aXbXd", "a*b*c", false],
    ["🚪x", "🚪*", true],
  ])("%s fits %s: %s", (name, glob, fits) => {
    expect(matchGlob(name, glob)).toBe(fits);
  });

  test("fits what a regular expression of it fits", () => {
    const letters = (...all: string[]) => fc.string({ unit: fc.constantFrom(...all), maxLength: 12 });
    fc.assert(
      fc.property(letters("a", "b", "/"), letters("a", "b", "/", "*"), (name, glob) => {
        const source = glob
          .replace(/\*{2,}/g, "#")
          .replaceAll("*", "[^/]*")
          .replaceAll("#", ".*");
        expect(matchGlob(name, glob)).toBe(glob === "*" || new RegExp(`^${source}$`).test(name));
      }),
    );
  });

  test("of many stars is matched in bounded steps", () => {
    expect(matchGlob("a".repeat(4000), `${"*a".repeat(128)}b`)).toBe(false);
  });
});

describe("what a signer may not", () => {
  const signer = { name: "ada", key: keyB.publicKey, pipelines: ["door*", "gate"], repositories: ["*"] };
  const subject = { digest: digest(1), pipeline: "doorbell" };

  test("is nothing within the limits", () => {
    expect(findDenial(signer, subject)).toBeUndefined();
    expect(
      findDenial({ ...signer, repositories: ["r/a"] }, { ...subject, repository: "r/a" }),
    ).toBeUndefined();
  });

  test("is another pipeline, and another repository", () => {
    expect(findDenial(signer, { ...subject, pipeline: "camera" })).toBe(
      "may sign the pipelines door*, gate only",
    );
    const limited = { ...signer, repositories: ["r/a"] };
    expect(findDenial(limited, { ...subject, repository: "r/b" })).toBe(
      "may sign for the repositories r/a only",
    );
    expect(findDenial(limited, subject)).toContain("came from no registry");
    expect(findDenial({ ...signer, pipelines: [] }, subject)).toBeDefined();
  });
});
