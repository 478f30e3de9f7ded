// Modules that are legal and small, and that an engine needs hundreds of megabytes for: refused before it sees them.
import { expect, test } from "vitest";
import { type ComplexityLimits, complexityLimits } from "../../../../agent/sandbox/wasm/complexity.ts";
import { scanCore } from "../../../../agent/sandbox/wasm/scan.ts";
import { ByteWriter } from "../../../../agent/sandbox/wasm/writer.ts";
import { moduleOf } from "./core-module.ts";
import { refusal } from "./refusal.ts";

const emptyType: Uint8Array = new Uint8Array([1, 0x60, 0, 0]);

/** `copies` functions of type () -> () with the same body, locals included. */
function functions(copies: number, body: Uint8Array, type = emptyType): Uint8Array {
  const declared = new ByteWriter().u32(copies);
  const code = new ByteWriter().u32(copies);
  for (let at = 0; at < copies; at++) {
    declared.u32(0);
    code.sized(body);
  }
  return moduleOf([1, type], [3, declared.copy()], [10, code.copy()]);
}

function nested(blocks: number, opcode = 0x02): Uint8Array {
  const body = new ByteWriter().u8(0);
  for (let at = 0; at < blocks; at++) body.u8(opcode).u8(0x40);
  for (let at = 0; at <= blocks; at++) body.u8(0x0b);
  return body.copy();
}

function branchTable(entries: number): Uint8Array {
  const body = new ByteWriter().u8(0).u8(0x41).u8(0).u8(0x0e).u32(entries);
  return body
    .bytes(new Uint8Array(entries + 1))
    .u8(0x0b)
    .copy();
}

function localRuns(...runs: number[]): Uint8Array {
  const body = new ByteWriter().u32(runs.length);
  for (const run of runs) body.u32(run).u8(0x7f);
  return body.u8(0x0b).copy();
}

/** A function with `locals` locals and `loops` loops, one after another. */
function localsAndLoops(locals: number, loops: number): Uint8Array {
  const body = new ByteWriter().u8(1).u32(locals).u8(0x7f);
  for (let at = 0; at < loops; at++) body.u8(0x03).u8(0x40).u8(0x0b);
  return body.u8(0x0b).copy();
}

const wideType = new ByteWriter()
  .u8(1)
  .u8(0x60)
  .u8(0)
  .u32(1000)
  .bytes(new Uint8Array(1000).fill(0x7f))
  .copy();

test.each([
  ["300,000 nested blocks", () => functions(1, nested(300_000)), "blocks inside each other"],
  ["500,000 nested loops", () => functions(1, nested(500_000, 0x03)), "blocks inside each other"],
  ["200,000 functions", () => functions(200_000, new Uint8Array([0, 0x0b])), "200000 functions"],
  [
    "50 branch tables of 60,000 targets",
    () => functions(50, branchTable(60_000)),
    "branch table entries in all",
  ],
  ["a branch table of 100,000 targets", () => functions(1, branchTable(100_000)), "branch table entries"],
  ["50,000 locals in one run", () => functions(1, localRuns(50_000)), "50000 locals in one function"],
  [
    "locals by many runs",
    () => functions(1, localRuns(...Array(6000).fill(2))),
    "12000 locals in one function",
  ],
  ["locals that overflow 32 bits", () => functions(1, localRuns(0xffff_ffff, 2)), "4294967297 locals"],
  ["locals times loops", () => functions(1, localsAndLoops(10_000, 500)), "locals times loops"],
  ["a function of 7 MB", () => functions(1, bigBody(7_000_000)), "bytes in one function"],
  ["a result of 1000 values", () => functions(1, new Uint8Array([0, 0, 0x0b]), wideType), "1000 results"],
  ["a module of more than 64 MiB", () => new Uint8Array(complexityLimits.moduleBytes + 1), "bytes"],
])("%s is too complex", (_what, make, message) => {
  const error = refusal(() => scanCore(make()));
  expect(error.code).toBe("module-too-complex");
  expect(error.message).toContain(message);
});

function bigBody(bytes: number): Uint8Array {
  const body = new Uint8Array(bytes).fill(0x01);
  body[0] = 0;
  body[bytes - 1] = 0x0b;
  return body;
}

test.each([
  [
    "types",
    () =>
      moduleOf([
        1,
        new ByteWriter()
          .u32(2)
          .bytes(new Uint8Array([0x60, 0, 0, 0x60, 0, 0]))
          .copy(),
      ]),
  ],
  ["imports", () => moduleOf([2, new Uint8Array([2, 1, 97, 1, 97, 3, 0x7f, 0, 1, 97, 1, 98, 3, 0x7f, 0])])],
  ["tables", () => moduleOf([4, new Uint8Array([2, 0x70, 0, 1, 0x70, 0, 1])])],
  ["globals", () => moduleOf([6, new Uint8Array([2, 0x7f, 0, 0x41, 0, 0x0b, 0x7f, 0, 0x41, 0, 0x0b])])],
  ["exports", () => moduleOf([7, new Uint8Array([2, 1, 97, 0, 0, 1, 98, 0, 0])])],
  ["elementSegments", () => moduleOf([9, new Uint8Array([2, 1, 0, 0, 1, 0, 0])])],
  ["elementEntries", () => moduleOf([9, new Uint8Array([2, 1, 0, 1, 0, 1, 0, 1, 0])])],
  ["dataSegments", () => moduleOf([11, new Uint8Array([2, 1, 0, 1, 0])])],
  ["nesting", () => functions(1, nested(1))],
] as const)("the bound on %s is held", (bound, make) => {
  const limits: ComplexityLimits = { ...complexityLimits, [bound]: 1 };
  expect(scanCore(make()).bytes).toBe(make().length);
  expect(refusal(() => scanCore(make(), limits)).code).toBe("module-too-complex");
});

test("a count that the file is too short for is refused before anything is allocated for it", () => {
  const error = refusal(() => scanCore(moduleOf([3, new ByteWriter().u32(0x7fff_ffff).copy()])));
  expect(error.message).toBe("more functions than bytes at byte 10");
});
