// Damaged modules and components: refused with a code, or as good as before; never a crash, never a hang.
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { binaryKind, planDirectEntry, scanComponent } from "../../../../agent/sandbox/wasm/component.ts";
import { scanCore } from "../../../../agent/sandbox/wasm/scan.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import { componentOf, wat } from "../../../support/wat.ts";
import { logImport, nodeCore, postReturns } from "./core-module.ts";
import { compareRuns } from "./differential.ts";
import { mutated } from "./mutation.ts";

const codes = ["module-invalid", "module-too-complex", "module-limit"];

/** Gives undefined when the bytes are refused as they should be; lets anything else through. */
function unlessRefused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError && codes.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

const byHand = `(module
  (import "env" "look" (func $look (param i32) (result i32)))
  (memory (export "memory") 1 4) (data (i32.const 8) "hello, world") (data $d "0123456789abcdef")
  (table $t 3 8 funcref) (elem (i32.const 0) $add $xor $pair) (global (export "g") (mut i64) (i64.const -7))
  (type $op (func (param i32 i32) (result i32)))
  (func $add (type $op) (i32.add (local.get 0) (local.get 1)))
  (func $xor (type $op) (i32.xor (i32.mul (local.get 0) (i32.const 31)) (call $look (local.get 1))))
  (func $pair (export "pair") (param i32 i32) (result i32 i64)
    (block (result i32 i64) (local.get 0) (i64.extend_i32_s (local.get 1))
      (br_if 0 (i32.eqz (local.get 0))) (br 0)))
  (func (export "mix") (param $n i32) (param $m i32) (result i32) (local $i i32) (local $v v128)
    (memory.init $d (i32.const 100) (i32.const 0) (i32.const 16))
    (local.set $n (i32.and (local.get $n) (i32.const 63)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $v (i32x4.add (local.get $v) (v128.load offset=100 (i32.const 0))))
      (block $b (block $a (br_table $a $b $next (i32.and (local.get $i) (i32.const 3))))
        (local.set $m (i32.rotl (local.get $m) (local.get $i))))
      (local.set $m (call_indirect $t (type $op) (local.get $m) (local.get $i) (i32.and (local.get $i) (i32.const 1))))
      (br $next)))
    (i32.store (i32.const 40) (memory.grow (i32.const 1)))
    (memory.copy (i32.const 200) (i32.const 8) (i32.and (local.get $n) (i32.const 31)))
    (i32.add (local.get $m) (i32x4.extract_lane 1 (local.get $v)))))`;

const compiled = `
  const table = new StaticArray<u32>(64);
  function round(a: u32, b: u32): u32 { return rotl(a ^ b, 7) + table[b & 63]; }
  export function digest(n: u32, seed: u32): u32 {
    for (let i = 0; i < 64; i++) table[i] = i * 2654435761 + seed;
    let h: u32 = seed;
    for (let i: u32 = 0; i < (n & 255); i++) {
      if (i % 7 == 3) continue;
      h = round(h, i);
      if (h == 0) return i;
    }
    return h;
  }
  export function text(n: i32): i32 { let s = ""; for (let i = 0; i < (n & 15); i++) s += i.toString(); return s.length; }`;

let modules: Uint8Array[] = [];
let components: Uint8Array[] = [];
beforeAll(async () => {
  const { binary, error, stderr } = await asc.compileString(compiled, {
    optimizeLevel: 2,
    runtime: "stub",
    use: ["abort="],
  });
  if (binary === null) throw new Error(`${error}: ${stderr}`);
  const adapter = "../../../../node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm";
  modules = [await wat(byHand), new Uint8Array(binary), await wat(nodeCore(logImport))];
  components = [
    await componentOf(modules[2]!),
    await componentOf(await wat(nodeCore("", "").replace(/\)$/, `${postReturns})`))),
    await wat(`(component (component (core module)) (core module (func)) (import "a" (func)))`),
    new Uint8Array(readFileSync(new URL(adapter, import.meta.url))),
  ];
});

test("damaged modules are refused, or run the same with a meter as without", () => {
  const seen = { same: 0, exhausted: 0, unlinkable: 0, refused: 0 };
  fc.assert(
    fc.property(mutated(modules), (bytes) => {
      seen[unlessRefused(() => compareRuns(bytes)) ?? "refused"]++;
    }),
    { numRuns: 900 },
  );
  expect(seen.same).toBeGreaterThan(100);
  expect(seen.refused).toBeGreaterThan(200);
});

test("the modules themselves run the same with a meter as without", () => {
  expect(modules.map(compareRuns)).toEqual(["same", "same", "same"]);
});

test("damaged components and adapters are refused or read", () => {
  fc.assert(
    fc.property(mutated(components), (bytes) => {
      const kind = binaryKind(bytes);
      const facts = unlessRefused(() => scanComponent(bytes));
      if (facts !== undefined) expect(kind).toBe("component");
      for (const { start, end } of facts?.coreModules ?? [])
        unlessRefused(() => scanCore(bytes.subarray(start, end)));
      unlessRefused(() => scanCore(bytes));
      const plan = planDirectEntry(bytes);
      if (plan !== undefined) expect(binaryKind(plan.module)).toBe("core");
    }),
    { numRuns: 1500 },
  );
});

test("random bytes behind a right preamble are refused or read", () => {
  const core = fc.constant([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const component = fc.constant([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  const sections = fc.array(fc.tuple(fc.nat({ max: 14 }), fc.uint8Array({ maxLength: 30 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.oneof(core, component), sections, (preamble, parts) => {
      const bytes = new Uint8Array([
        ...preamble,
        ...parts.flatMap(([id, part]) => [id, part.length, ...part]),
      ]);
      unlessRefused(() => compareRuns(bytes));
      unlessRefused(() => scanComponent(bytes));
      planDirectEntry(bytes);
    }),
    { numRuns: 1500 },
  );
});
