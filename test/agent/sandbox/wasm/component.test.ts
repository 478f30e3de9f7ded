// What a binary is, and what a component holds.
import { expect, test } from "vitest";
import { binaryKind, scanComponent } from "../../../../agent/sandbox/wasm/component.ts";
import { ByteWriter } from "../../../../agent/sandbox/wasm/writer.ts";
import { componentOf, wat } from "../../../support/wat.ts";
import { nodeCore } from "./core-module.ts";
import { refusal } from "./refusal.ts";

const preamble = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);

test("core modules, components and other bytes are told apart", async () => {
  const core = await wat(nodeCore());
  expect(binaryKind(core)).toBe("core");
  expect(binaryKind(await componentOf(core))).toBe("component");
  expect(binaryKind(core.subarray(0, 7))).toBe("neither");
  expect(binaryKind(new TextEncoder().encode('{ "version": "v1" }'))).toBe("neither");
  expect(binaryKind(new Uint8Array([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]))).toBe("neither");
});

test("imports and exports of the component are named, its core modules are located", async () => {
  const core = await wat(nodeCore());
  const component = await componentOf(core);
  const facts = scanComponent(component);
  expect(facts.imports).toEqual(["remotemedia:node/types@1.0.0", "frame", "failure"]);
  expect(facts.exports).toEqual(["open", "process", "flush"]);
  expect(facts.coreModules.length).toBe(1);
  const [{ start, end }] = facts.coreModules as [{ start: number; end: number }];
  expect(WebAssembly.validate(component.slice(start, end) as Uint8Array<ArrayBuffer>)).toBe(true);
});

test("core modules of nested components are found, names in them are not the component's", async () => {
  const facts = scanComponent(
    await wat(`(component
      (import "outer" (func))
      (component (import "inner" (func)) (core module (func)) (component (core module)))
      (core module (memory 1))
      (import "wasi:cli/stdout@0.2.3" (instance)))`),
  );
  expect(facts).toMatchObject({ imports: ["outer", "wasi:cli/stdout@0.2.3"], nestedComponents: 2 });
  expect(facts.coreModules.length).toBe(3);
});

test("every kind of import and export is read", async () => {
  const facts = scanComponent(
    await wat(`(component
      (import "f" (func (param "a" string) (result (list u8))))
      (import "i" (instance $i (export "x" (func))))
      (import "c" (component (import "y" (func))))
      (import "m" (core module (import "a" "b" (func))))
      (import "r" (type (sub resource)))
      (type $t (record (field "a" u32)))
      (import "t" (type (eq $t)))
      (export "i2" (instance $i)))`),
  );
  expect(facts.imports).toEqual(["f", "i", "c", "m", "r", "t"]);
  expect(facts.exports).toEqual(["i2"]);
});

/** Components inside each other, each as short as it gets. */
function nested(depth: number): Uint8Array {
  let bytes: Uint8Array = preamble;
  for (let at = 0; at < depth; at++) {
    bytes = new ByteWriter().bytes(preamble).u8(4).sized(bytes).copy();
  }
  return bytes;
}

function repeated(section: Uint8Array, times: number): Uint8Array {
  const out = new ByteWriter().bytes(preamble);
  for (let at = 0; at < times; at++) out.bytes(section);
  return out.copy();
}

const emptyModule = new Uint8Array([1, 8, 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const emptyComponent = new Uint8Array([4, 8, ...preamble]);

test.each([
  ["components nested 1,000 deep", nested(1000)],
  ["10,000 core modules", repeated(emptyModule, 10_000)],
  ["10,000 components", repeated(emptyComponent, 10_000)],
  [
    "100,000 imports",
    new ByteWriter()
      .bytes(preamble)
      .u8(10)
      .sized(new ByteWriter().u32(100_000).bytes(new Uint8Array(400_000)).copy())
      .copy(),
  ],
])("%s are too complex", (_what, bytes) => {
  expect(refusal(() => scanComponent(bytes)).code).toBe("module-too-complex");
});

test.each([
  ["nothing", new Uint8Array(), "unexpected end at byte 0"],
  ["a core module", new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), "not a WASM component at byte 0"],
  ["another version", new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0]), "unknown version at byte 4"],
  ["an unknown section", new Uint8Array([...preamble, 77, 0]), "unknown component section 77 at byte 8"],
  ["a section past the end", new Uint8Array([...preamble, 1, 9, 0]), "unexpected end at byte 10"],
])("%s is refused", (_what, bytes, message) => {
  const error = refusal(() => scanComponent(bytes));
  expect(error.code).toBe("module-invalid");
  expect(error.message).toContain(message);
});
