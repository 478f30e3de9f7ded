// Streams, colours and the status line.
import { expect, test } from "vitest";
import { oneLine } from "../../../agent/cli/terminal.ts";
import { fakeTerminal } from "./fake-terminal.ts";

test("results go to stdout, the rest to stderr", () => {
  const { terminal, written } = fakeTerminal();
  terminal.print("result");
  terminal.tell("by the way");
  expect(written).toEqual({ stdout: "result\n", stderr: "by the way\n" });
});

test("a status line is taken away before anything else is written", () => {
  const { terminal, written } = fakeTerminal(true);
  terminal.status("half");
  terminal.status("most");
  terminal.tell("done");
  expect(written.stderr).toBe("\r\u001b[2Khalf\r\u001b[2Kmost\r\u001b[2Kdone\n");
});

test("a status line is not shown where stderr is no terminal", () => {
  const { terminal, written } = fakeTerminal();
  terminal.status("half");
  terminal.status(undefined);
  expect(written.stderr).toBe("");
});

test("only a terminal that wants colours is given them", () => {
  expect(fakeTerminal(true, true).terminal.paint("stderr", "red", "x")).toBe("\u001b[31mx\u001b[0m");
  expect(fakeTerminal(true, false).terminal.paint("stderr", "red", "x")).toBe("x");
  expect(fakeTerminal(false, true).terminal.paint("stderr", "red", "x")).toBe("x");
});

test("one line of foreign text has nothing that a terminal obeys", () => {
  expect(oneLine("a\nb\u001b[2Jc\u0007\u009bd\u202ee\u2028f")).toBe("a b[2Jcdef");
  expect(oneLine("größe: 3 µs 👩‍🚀")).toBe("größe: 3 µs 👩‍🚀");
});
