// The caps: lower maxima for memory and tables, and refusals of what starts too large.
import { describe, expect, test } from "vitest";
import { capCore } from "../../../../agent/sandbox/wasm/cap.ts";
import { scanCore } from "../../../../agent/sandbox/wasm/scan.ts";
import { wat } from "../../../support/wat.ts";
import { metered } from "./metered.ts";
import { refusal } from "./refusal.ts";

const caps = { memoryPages: 16, tableElements: 100 };

test("a maximum becomes the lower of the declared and the given", async () => {
  const capped = async (fields: string) => {
    const { memories, tables } = scanCore(capCore(await wat(`(module ${fields})`), caps));
    return [...memories, ...tables].map(({ min, max }) => [min, max]);
  };
  expect(await capped(`(memory 1)`)).toEqual([[1, 16]]);
  expect(await capped(`(memory 1 4)`)).toEqual([[1, 4]]);
  expect(await capped(`(memory 1 400)`)).toEqual([[1, 16]]);
  expect(await capped(`(import "a" "m" (memory 2 400))`)).toEqual([[2, 16]]);
  expect(await capped(`(table 3 externref) (table 1 7 funcref)`)).toEqual([
    [3, 100],
    [1, 7],
  ]);
  expect(
    await capped(`(import "a" "f" (func)) (import "a" "t" (table 5 funcref)) (import "a" "g" (global i32))`),
  ).toEqual([[5, 100]]);
});

test("everything else stays, and the result validates", async () => {
  const original = await wat(`(module (import "a" "f" (func $f (param i32))) (import "a" "m" (memory 1))
    (import "a" "g" (global $g i32)) (table 1 funcref) (elem (i32.const 0) $f)
    (func (export "run") (call $f (i32.load (global.get $g)))) (data (i32.const 0) "abc"))`);
  const before = scanCore(original);
  const bytes = capCore(original, caps);
  const after = scanCore(bytes);
  expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  expect([after.imports, after.exports, after.code]).toEqual([before.imports, before.exports, before.code]);
  expect(capCore(bytes, caps)).toEqual(bytes);
});

describe("a module that starts larger than it may", () => {
  test.each([
    ["memory", `(memory 20)`, "declares 20 pages of memory (1280 KiB); it may have 16 (1024 KiB)"],
    [
      "imported memory",
      `(import "a" "m" (memory 17))`,
      "declares 17 pages of memory (1088 KiB); it may have 16 (1024 KiB)",
    ],
    ["table", `(table 9999999 funcref)`, "declares a table of 9999999 elements; it may have 100"],
  ])("is refused for its %s with both numbers", async (_what, fields, message) => {
    const bytes = await wat(`(module ${fields})`);
    const error = refusal(() => capCore(bytes, caps));
    expect([error.code, error.message]).toEqual(["module-limit", message]);
  });
});

test("growth past the cap gives the guest -1 and leaves it running", async () => {
  const instance = await metered(
    `(module (memory (export "memory") 1) (table $t 1 9999999 funcref)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "tableGrow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))`,
    caps,
  );
  expect(instance.call("grow", 15)).toBe(1);
  expect(instance.call("grow", 1)).toBe(-1);
  expect(instance.call("grow", 65_535)).toBe(-1);
  expect(instance.call("grow", 0)).toBe(16);
  expect(instance.call("tableGrow", 9_000_000)).toBe(-1);
  expect(instance.call("tableGrow", 99)).toBe(1);
  expect(instance.call("tableGrow", 1)).toBe(-1);
});

test("a module and the one whose memory it imports still fit each other when both are capped", async () => {
  const owner = capCore(await wat(`(module (memory (export "m") 1 4000))`), caps);
  const user = capCore(await wat(`(module (import "a" "m" (memory 1 5000)))`), caps);
  const compile = (bytes: Uint8Array) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const { m } = new WebAssembly.Instance(compile(owner)).exports;
  expect(() => new WebAssembly.Instance(compile(user), { a: { m: m as WebAssembly.Memory } })).not.toThrow();
});
