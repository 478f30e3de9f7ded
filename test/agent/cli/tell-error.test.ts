// Errors for people and for programs.
import { describe, expect, test } from "vitest";
import { describeWhere, tellError } from "../../../agent/cli/tell-error.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const people = { json: false, debug: false };

function told(error: RemoteMediaError, voice: Parameters<typeof tellError>[1] = people): string {
  const { terminal, written } = fakeTerminal();
  tellError(error, voice, terminal);
  expect(written.stdout).toBe("");
  return written.stderr;
}

describe("for people", () => {
  test("an error is what happened, where, and what to do", () => {
    const where = { file: "p.json", line: 4, column: 12, path: "nodes[0].params.factor", node: "mul" };
    expect(
      told(new RemoteMediaError("node-invalid-params", "not a number", { where, hint: "give one" })),
    ).toBe(
      "error: not a number [node-invalid-params]\n" +
        "   at: p.json:4:12 nodes[0].params.factor (node mul)\n" +
        "   do: give one\n",
    );
  });

  test("an error without place and hint is one line", () => {
    expect(told(new RemoteMediaError("usage", "no"))).toBe("error: no [usage]\n");
  });

  test("a defect of ours says so, and how to learn more", () => {
    const text = told(new RemoteMediaError("internal", "x is not defined"));
    expect(text).toContain("this is a defect of remotemedia");
    expect(text).toContain("--debug");
  });

  test("a stack and its causes are shown only when asked for", () => {
    const error = new RemoteMediaError("output-failed", "no", { cause: new TypeError("inner") });
    expect(told(error)).not.toContain(" at ");
    const debugged = told(error, { json: false, debug: true });
    expect(debugged).toMatch(/RemoteMediaError: no\n {4}at /);
    expect(debugged).toMatch(/caused by TypeError: inner\n/);
  });

  test("a cause that is its own cause ends", () => {
    const error = new RemoteMediaError("usage", "round");
    error.cause = error;
    expect(told(error, { json: false, debug: true }).split("caused by").length).toBeLessThan(20);
  });

  test("of several problems the first is told, or all", () => {
    const problems = ["one", "two"].map((text) => new RemoteMediaError("manifest-graph", text));
    const error = new RemoteMediaError("manifest-graph", "one (and 1 more problem)", { problems });
    expect(told(error)).toBe(
      "error: one (and 1 more problem) [manifest-graph]\n   do: remotemedia validate tells every problem\n",
    );
    expect(told(error, { ...people, all: true })).toBe(
      "error: one [manifest-graph]\nerror: two [manifest-graph]\n",
    );
  });

  test("foreign text has no line breaks and nothing that a terminal obeys", () => {
    const where = { file: "a\nerror: fake\u001b[2J.json" };
    expect(told(new RemoteMediaError("usage", "x\r\n\u001b]0;title\u0007y", { where }))).toBe(
      "error: x ]0;titley [usage]\n   at: a error: fake[2J.json\n",
    );
  });
});

describe("for programs", () => {
  test("an error is one line of JSON, without problems where it is the only one", () => {
    const error = new RemoteMediaError("usage", "no\nway", { where: { node: "a" }, hint: "go" });
    expect(JSON.parse(told(error, { json: true, debug: false }))).toEqual({
      error: { code: "usage", message: "no\nway", where: { node: "a" }, hint: "go" },
    });
  });
});

test("a place has only what is known of it", () => {
  expect(describeWhere(undefined)).toBe("");
  expect(describeWhere({ file: "a.json" })).toBe("a.json");
  expect(describeWhere({ path: "--set a.b" })).toBe("--set a.b");
  expect(describeWhere({ node: "a", port: "in" })).toBe("node a, port in");
  expect(describeWhere({ file: "a", line: 2, port: "in" })).toBe("a:2 (port in)");
});
