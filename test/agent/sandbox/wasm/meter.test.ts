// The meter: what is charged, when a guest is stopped, and that nothing else of a module changes.
import { describe, expect, test } from "vitest";
import { fuelExport, meterCore } from "../../../../agent/sandbox/wasm/meter.ts";
import { scanCore } from "../../../../agent/sandbox/wasm/scan.ts";
import { wat } from "../../../support/wat.ts";
import { caps, metered, prepareCapped } from "./metered.ts";
import { refusal } from "./refusal.ts";

/** Sums 1..n in a loop of 9 instructions, behind 4 outside of it. */
const sum = `(func (export "sum") (param $n i32) (result i32) (local $s i32)
  (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
  (loop
    (local.set $s (i32.add (local.get $s) (local.get $n)))
    (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (local.get $s))`;

describe("what a call costs", () => {
  test("is the instructions outside of loops once and those of a loop for each round", async () => {
    const instance = await metered(`(module ${sum})`);
    expect(instance.call("sum", 10)).toBe(55);
    const outside = 6n;
    const round = 9n;
    expect(instance.cost("sum", 1)).toBe(outside + round);
    expect(instance.cost("sum", 1000)).toBe(outside + 1000n * round);
  });

  test("is the same in a loop that calls, where the fuel stays in the global", async () => {
    const instance = await metered(`(module (func $one (result i32) (i32.const 1))
      (func (export "count") (param $n i32)
        (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (call $one)))))))`);
    expect(instance.cost("count", 1)).toBe(5n + 1n);
    expect(instance.cost("count", 500)).toBe(500n * 6n);
  });

  test("counts an inner loop by itself", async () => {
    const instance = await metered(`(module (func (export "f") (param $n i32) (param $m i32) (local $i i32)
      (loop
        (local.set $i (local.get $m))
        (loop (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`);
    expect(instance.cost("f", 3, 7)).toBe(3n * (2n + 5n) + 3n * 7n * 5n);
  });

  test("includes a sixteenth of the locals, which are cleared at entry", async () => {
    const instance = await metered(`(module (func (export "f") (local ${"i64 ".repeat(320)}) (loop nop)))`);
    expect(instance.cost("f")).toBe(1n + 20n);
  });

  test("of a small function without loops is its caller's, so that engines still inline it", async () => {
    const instance = await metered(`(module
      (func $fail unreachable)
      (func $leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
      (func $checked (param i32) (result i32)
        (if (i32.gt_u (local.get 0) (i32.const 9)) (then (call $fail) unreachable))
        (local.get 0))
      (func (export "own") (param i32) (result i32) (call $leaf (local.get 0)))
      (func (export "loops") (param i32) (result i32)
        (loop (local.set 0 (call $checked (call $leaf (local.get 0)))))
        (local.get 0)))`);
    expect(instance.call("loops", 2)).toBe(6);
    // local.get, leaf 1 + 3, checked 1 + 7, local.set; local.get behind the loop.
    expect(instance.cost("loops", 2)).toBe(1n + 4n + 8n + 1n + 1n);
    expect(instance.cost("own", 2)).toBe(0n + 2n + 3n);
  });

  test("is a golden number for a program with loops, calls, tables and bulk operations", async () => {
    const instance = await metered(golden);
    expect(instance.call("run", 40)).toBe(goldenResult);
    expect(instance.cost("run", 40)).toBe(goldenFuel);
    expect(instance.cost("run", 40)).toBe(goldenFuel);
  });

  test("of bulk operations grows with what they move", async () => {
    const instance = await metered(`(module (memory 4) (data $d "${"x".repeat(4096)}")
      (table $t 4096 funcref) (elem $e func ${"$f ".repeat(512)})
      (func $f)
      (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
      (func (export "init") (param i32) (memory.init $d (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "tableCopy") (param i32) (table.copy (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "tableFill") (param i32) (table.fill $t (i32.const 0) (ref.null func) (local.get 0)))
      (func (export "tableInit") (param i32) (table.init $e (i32.const 0) (i32.const 0) (local.get 0))))`);
    for (const name of ["copy", "fill", "init"]) {
      expect(instance.cost(name, 0)).toBe(4n);
      expect(instance.cost(name, 4096)).toBe(4n + 64n);
    }
    for (const name of ["tableCopy", "tableFill", "tableInit"]) {
      expect(instance.cost(name, 0)).toBe(4n);
      expect(instance.cost(name, 512)).toBe(4n + 64n);
    }
  });

  test("of growth is charged when it is granted, not when it is refused", async () => {
    const instance = await metered(
      `(module (memory 1 8) (table $t 1 9 externref)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "tableGrow") (param i32) (result i32) (table.grow $t (ref.null extern) (local.get 0))))`,
    );
    expect(instance.cost("grow", 100_000)).toBe(2n);
    expect(instance.cost("grow", 3)).toBe(2n + 3n * 1024n);
    expect(instance.cost("tableGrow", 100_000)).toBe(3n);
    expect(instance.cost("tableGrow", 8)).toBe(3n + 1n);
  });
});

describe("a guest that uses its fuel up", () => {
  const traps = `(module
    (memory 1)
    (table $t 1 funcref)
    (func (export "tight") (loop (br 0)))
    (func $noop)
    (func (export "calling") (loop (call $noop) (br 0)))
    (func (export "branching") (param i32) (block (loop (br_table 0 0 1 (local.get 0)))))
    (func $recursive (export "recursive") (result i32) (i32.add (i32.const 1) (call $recursive)))
    (func $tail (export "tail") (param i32) (return_call $tail (local.get 0)))
    (func $indirect (export "indirect") (call_indirect $t (i32.const 0)))
    (func (export "huge") (memory.fill (i32.const 0) (i32.const 0) (i32.const -1)))
    (elem (i32.const 0) $indirect))`;

  test.each(["tight", "calling", "recursive", "tail", "indirect", "huge"])(
    "is stopped in %s, and its global is negative",
    async (name) => {
      const instance = await metered(traps);
      instance.fuel = 5000n;
      expect(() => instance.call(name, 0)).toThrow(WebAssembly.RuntimeError);
      expect(instance.fuel).toBeLessThan(0n);
    },
  );

  test("is stopped in a loop by a branch table", async () => {
    const instance = await metered(traps);
    instance.fuel = 5000n;
    expect(() => instance.call("branching", 1)).toThrow(WebAssembly.RuntimeError);
    expect(instance.fuel).toBeLessThan(0n);
    instance.fuel = 5000n;
    expect(instance.call("branching", 2)).toBeUndefined();
  });

  test("stays stopped until it is given more", async () => {
    const instance = await metered(`(module ${sum})`);
    instance.fuel = 50n;
    expect(() => instance.call("sum", 100)).toThrow(WebAssembly.RuntimeError);
    expect(() => instance.call("sum", 0)).toThrow(WebAssembly.RuntimeError);
    instance.fuel = 50n;
    expect(instance.call("sum", 2)).toBe(3);
  });

  test("is stopped in its start function by what it was given to start with", async () => {
    const bytes = await wat(`(module (func $start (loop (br 0))) (start $start))`);
    const { bytes: ready } = prepareCapped(bytes, { ...caps, initialFuel: 1_000_000n });
    const compiled = new WebAssembly.Module(ready as Uint8Array<ArrayBuffer>);
    expect(() => new WebAssembly.Instance(compiled)).toThrow(WebAssembly.RuntimeError);
  });

  test("may use all of it, to the last unit", async () => {
    const instance = await metered(`(module ${sum})`);
    instance.fuel = 6n + 9n * 5n;
    expect(instance.call("sum", 5)).toBe(15);
    expect(instance.fuel).toBe(0n);
  });

  test("does not pay for a call of its host", async () => {
    let seen = 0n;
    const instance = await metered(
      `(module (import "host" "look" (func $look)) (func (export "f") (call $look) (loop nop) (call $look)))`,
      {},
      {
        host: {
          look: () => {
            seen = instance.fuel;
          },
        },
      },
    );
    instance.fuel = 100n;
    instance.call("f");
    expect(seen).toBe(97n);
    expect(instance.fuel).toBe(97n);
  });

  test("sees the host's refill from inside of a call", async () => {
    const instance = await metered(
      `(module (import "host" "refill" (func $refill))
        (func (export "f") (param $n i32)
          (call $refill) (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`,
      {},
      {
        host: {
          refill: () => {
            instance.fuel = 1000n;
          },
        },
      },
    );
    instance.fuel = 10n;
    instance.call("f", 100);
    expect(instance.fuel).toBe(500n);
  });
});

describe("the rewriting", () => {
  test("keeps several results, early returns and branches to the function's own label", async () => {
    const instance = await metered(`(module
      (func (export "f") (param $n i32) (result i32 i64 f32) (local $i i32)
        (if (i32.eq (local.get $n) (i32.const 1)) (then (return (i32.const 1) (i64.const 10) (f32.const 0.5))))
        (if (i32.eq (local.get $n) (i32.const 2)) (then (br 1 (i32.const 2) (i64.const 20) (f32.const 1.5))))
        (local.set $i (i32.const 5))
        (loop (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (br_table 0 (i32.const 3) (i64.const 30) (f32.const 2.5) (i32.const 0))))`);
    expect(instance.call("f", 1)).toEqual([1, 10n, 0.5]);
    expect(instance.call("f", 2)).toEqual([2, 20n, 1.5]);
    expect(instance.call("f", 3)).toEqual([3, 30n, 2.5]);
  });

  test("leaves indices, names and numbers of everything else as they were, and no custom section", async () => {
    const original = await wat(`(module $named
      (import "env" "f" (func $f (param i32))) (import "env" "g" (global i32))
      (global (export "counter") (mut i32) (i32.const 3))
      (table (export "table") 2 funcref) (memory (export "memory") 1 2)
      (func $start (call $f (global.get 0))) (start $start)
      (func (export "h") (result i32 i32) (loop nop) (i32.const 1) (i32.const 2))
      (elem (i32.const 0) $start $f) (data (i32.const 8) "abc") (@custom "note" "hello"))`);
    const before = scanCore(original);
    const bytes = meterCore(original);
    const after = scanCore(bytes);
    expect(after.imports).toEqual(before.imports);
    expect(after.exports).toEqual([
      ...before.exports,
      { name: fuelExport, kind: "global", index: before.globals },
    ]);
    expect(after.functionTypes).toEqual(before.functionTypes);
    expect([after.memories, after.tables, after.start]).toEqual([before.memories, before.tables, true]);
    const compiled = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    expect(WebAssembly.Module.customSections(compiled, "note")).toEqual([]);
    expect(WebAssembly.Module.customSections(compiled, "name")).toEqual([]);
  });

  test("works on a module with nothing in it", () => {
    const bytes = meterCore(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    expect(scanCore(bytes).exports).toEqual([{ name: fuelExport, kind: "global", index: 0 }]);
    expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  });

  test("refuses a module that exports or imports the reserved name", async () => {
    for (const fields of [
      `(global (export "${fuelExport}") (mut i64) (i64.const 1))`,
      `(import "main" "${fuelExport}" (global (mut i64)))`,
    ]) {
      const bytes = await wat(`(module ${fields})`);
      expect(refusal(() => meterCore(bytes)).code).toBe("module-invalid");
    }
  });

  test("takes SIMD as it is", async () => {
    const instance = await metered(`(module (memory (export "memory") 1)
      (func (export "f") (param $n i32) (result i32) (local $v v128)
        (loop
          (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $n))))
          (v128.store (i32.const 0) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get $v) (local.get $v)))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32x4.extract_lane 2 (v128.load (i32.const 0)))))`);
    expect(instance.call("f", 4)).toBe(10);
  });

  test("stops at the size of a function that engines take", () => {
    const error = refusal(() => meterCore(manyLoops(900_000)));
    expect(error.code).toBe("module-too-complex");
    expect(error.message).toContain("bytes with its meter");
  });
});

/** One function with that many loops of one instruction, one after another. */
function manyLoops(loops: number): Uint8Array {
  const body = [0, ...Array.from({ length: loops }, () => [0x03, 0x40, 0x01, 0x0b]).flat(), 0x0b];
  const size = body.length;
  const leb = [(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, ((size >> 14) & 0x7f) | 0x80, size >> 21];
  const section = size + leb.length + 1;
  const outer = [
    (section & 0x7f) | 0x80,
    ((section >> 7) & 0x7f) | 0x80,
    ((section >> 14) & 0x7f) | 0x80,
    section >> 21,
  ];
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, ...outer, 1, ...leb];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** A little of everything; the numbers below were computed once and hold for every machine and engine. */
const golden = `(module
  (memory 2) (data $d "0123456789abcdef")
  (table $t 2 funcref)
  (type $op (func (param i32 i32) (result i32)))
  (func $add (type $op) (i32.add (local.get 0) (local.get 1)))
  (func $xor (type $op) (i32.xor (i32.mul (local.get 0) (i32.const 31)) (local.get 1)))
  (elem (i32.const 0) $add $xor)
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $h i32)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))
    (memory.fill (i32.const 64) (i32.const 5) (i32.const 60000))
    (loop
      (local.set $h (call_indirect $t (type $op) (local.get $h)
        (i32.load8_u (i32.and (local.get $i) (i32.const 15))) (i32.and (local.get $i) (i32.const 1))))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 0))
    (loop
      (local.set $h (i32.add (local.get $h) (i32.load8_u offset=64 (local.get $i))))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add (local.get $h) (call $fib (i32.const 12)))))`;
const goldenResult = 1_477_481_680;
// fib: 465 calls of 14; fill: 937; first loop: 40 of 17 and of an indirect call's 48; second: 40 of 12; outside: 14.
const goldenFuel = 10_541n;
