// How a child's end is told to people.
import { expect, it } from "vitest";
import { describeExit } from "../../../agent/sandbox/sandbox-pool.ts";

const killed = { signal: "SIGKILL", exitCode: undefined, lastWords: "" };

it.each([
  ["SIGKILL", killed],
  ["exit code 126", { ...killed, signal: undefined, exitCode: 126 }],
  ["SIGABRT: panic: no memory", { ...killed, signal: "SIGABRT", lastWords: "some\npanic: no memory\nmore" }],
  ["SIGABRT: the last line", { ...killed, signal: "SIGABRT", lastWords: "some\nthe last line" }],
  ["out of memory: it used more than 160 MiB", { ...killed, exceededMemoryBytes: 160 * 2 ** 20 }],
])("%s", (told, exit) => {
  expect(describeExit(exit)).toBe(told);
});

it("a long last line is cut", () => {
  expect(describeExit({ ...killed, lastWords: "x".repeat(5000) })).toHaveLength("SIGKILL: ".length + 200);
});
