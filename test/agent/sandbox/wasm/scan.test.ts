// The scanner: what a module declares, which features are taken, which are refused by name.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { scanCore } from "../../../../agent/sandbox/wasm/scan.ts";
import { wat } from "../../../support/wat.ts";
import { moduleOf } from "./core-module.ts";
import { refusal } from "./refusal.ts";

test("a module's declarations are told as they are", async () => {
  const facts = scanCore(
    await wat(`(module
      (import "env" "tick" (func (param i32) (result i64)))
      (import "env" "memory" (memory 2 9))
      (import "env" "limit" (global i32))
      (table 3 7 funcref) (table 1 externref)
      (global (mut i64) (i64.const 5))
      (func $main (export "main") (param f32) (local i32 i32 v128)
        (loop (block (br_table 0 1 0 (i32.const 1)))))
      (func $begin) (start $begin)
      (elem (i32.const 0) $main $begin)
      (data "abc"))`),
  );
  expect(facts.imports).toEqual([
    { module: "env", name: "tick", kind: "function" },
    { module: "env", name: "memory", kind: "memory" },
    { module: "env", name: "limit", kind: "global" },
  ]);
  expect(facts.exports).toEqual([{ name: "main", kind: "function", index: 1 }]);
  expect(facts.memories).toEqual([{ min: 2, max: 9, imported: true }]);
  expect(facts.tables).toEqual([
    { min: 3, max: 7, imported: false },
    { min: 1, max: undefined, imported: false },
  ]);
  expect(facts).toMatchObject({
    globals: 2,
    start: true,
    importedFunctions: 1,
    elementEntries: 2,
    dataSegments: 1,
  });
  expect(facts.code).toMatchObject({
    deepestNesting: 3,
    mostLocals: 3,
    branchTableEntries: 2,
    mostLocalsTimesLoops: 3,
  });
});

test("the largest module in use passes: a JavaScript engine of 12 MB", () => {
  const lib = "../../../../node_modules/@bytecodealliance/componentize-js/lib/";
  const engine = readFileSync(new URL(`${lib}starlingmonkey_embedding_weval.wasm`, import.meta.url));
  expect(scanCore(new Uint8Array(engine)).functionTypes.length).toBeGreaterThan(10_000);
});

describe("features that are taken", () => {
  test.each([
    ["sign extension", `(func (param i32) (result i32) (i32.extend8_s (local.get 0)))`],
    ["saturating conversions", `(func (param f32) (result i64) (i64.trunc_sat_f32_u (local.get 0)))`],
    [
      "bulk memory",
      `(memory 1) (data $d "abc") (table 3 funcref) (elem $e func 0)
       (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)
         (memory.copy (i32.const 0) (i32.const 0) (i32.const 1)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))
         (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e)
         (table.copy (i32.const 0) (i32.const 0) (i32.const 1)))`,
    ],
    [
      "reference types",
      `(table $t 1 externref) (func (param externref) (result externref)
         (drop (table.grow $t (ref.null extern) (i32.const 1)))
         (table.fill $t (i32.const 0) (ref.null extern) (i32.const 1))
         (select (result externref) (table.get $t (i32.const 0)) (ref.null extern) (ref.is_null (local.get 0))))`,
    ],
    ["multiple values", `(func (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))`],
    [
      "SIMD",
      `(memory 1) (func (result v128)
         (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const i32x4 1 2 3 4)
           (v128.load8_lane 3 (i32.const 0) (v128.load32_zero (i32.const 0)))))
       (func (result i32) (i8x16.extract_lane_s 2 (v128.const i32x4 1 2 3 4)))`,
    ],
    [
      "relaxed SIMD",
      `(func (param v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 1)))`,
    ],
    [
      "tail calls",
      `(table 1 funcref) (type $t (func (result i32))) (func $a (type $t) (return_call $b))
       (func $b (type $t) (return_call_indirect (type $t) (i32.const 0)))`,
    ],
    [
      "extended constants",
      `(import "a" "b" (global $g i32)) (memory 1) (data (i32.add (global.get $g) (i32.const 3)) "x")`,
    ],
  ])("%s", async (_feature, fields) => {
    const bytes = await wat(`(module ${fields})`);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(scanCore(bytes).bytes).toBe(bytes.length);
  });
});

describe("features that are refused by name", () => {
  test.each([
    ["shared memory (threads)", `(memory 1 2 shared)`],
    ["threads (atomic instructions)", `(memory 1) (func (drop (i32.atomic.load (i32.const 0))))`],
    ["memory64", `(memory i64 1)`],
    ["table64", `(table i64 1 funcref)`],
    ["a custom page size", `(memory 1 1 (pagesize 1))`],
    ["more than one memory", `(memory 1) (memory 1)`],
    ["more than one memory", `(import "a" "b" (memory 1)) (memory 1)`],
    ["exception handling", `(tag)`],
    ["exception handling", `(import "a" "b" (tag))`],
    ["exception handling", `(func (try_table (catch_all 0)))`],
    ["exception handling", `(func (throw_ref (unreachable)))`],
    ["garbage collection", `(type (struct (field i32)))`],
    ["garbage collection", `(func (drop (ref.i31 (i32.const 1))))`],
    ["typed references", `(type $t (func)) (func (param (ref null $t)))`],
    ["typed function references", `(type $t (func)) (func (call_ref $t (unreachable)))`],
    ["typed function references", `(table 1 funcref (ref.null func))`],
  ])("%s: %s", async (feature, fields) => {
    const bytes = await wat(`(module ${fields})`);
    const error = refusal(() => scanCore(bytes));
    expect(error.code).toBe("module-invalid");
    expect(error.message).toContain(`${feature} is not supported`);
  });
});

describe("what is not a core module", () => {
  test.each([
    ["no bytes at all", new Uint8Array(), "unexpected end at byte 0"],
    ["text", new TextEncoder().encode("hello, world"), "not a WASM binary at byte 0"],
    [
      "a component",
      new Uint8Array([0, 0x61, 0x73, 0x6d, 13, 0, 1, 0]),
      "not a core module of version 1 at byte 4",
    ],
    [
      "a repeated section",
      moduleOf([1, new Uint8Array([0])], [1, new Uint8Array([0])]),
      "section 1 is repeated",
    ],
    ["sections out of order", moduleOf([3, new Uint8Array([0])], [1, new Uint8Array([0])]), "out of order"],
    ["an unknown section", moduleOf([14, new Uint8Array([0])]), "unknown section 14 at byte 8"],
    [
      "bytes after a section's items",
      moduleOf([1, new Uint8Array([0, 9])]),
      "bytes after the end of section 1",
    ],
    [
      "functions without code",
      moduleOf([1, new Uint8Array([1, 0x60, 0, 0])], [3, new Uint8Array([1, 0])]),
      "no bodies",
    ],
    ["a function of no type", moduleOf([3, new Uint8Array([1, 4])]), "a function of unknown type 4"],
  ])("%s", (_what, bytes, message) => {
    const error = refusal(() => scanCore(bytes));
    expect(error.code).toBe("module-invalid");
    expect(error.message).toContain(message);
  });
});
