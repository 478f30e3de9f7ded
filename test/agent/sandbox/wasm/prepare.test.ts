// The whole way from a guest's bytes to what is compiled, and why its order matters.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { meterCore } from "../../../../agent/sandbox/wasm/meter.ts";
import { validateCore } from "../../../../agent/sandbox/wasm/prepare.ts";
import { wat } from "../../../support/wat.ts";
import { caps, prepareCapped } from "./metered.ts";
import { refusal } from "./refusal.ts";

test("an invalid module that the meter would make valid, with its fuel in its own hands, is refused", async () => {
  const thief = await wat(`(module (func (export "f") (global.set 0 (i64.const 1000000)) (loop (br 0))))`);
  // This is why the original is validated: the global that it sets is the one that the meter adds.
  expect(WebAssembly.validate(meterCore(thief) as Uint8Array<ArrayBuffer>)).toBe(true);
  const error = refusal(() => prepareCapped(thief, caps));
  expect(error.code).toBe("module-invalid");
  expect(String(error.cause)).toContain("global");
});

test("a module that does not validate is refused with the engine's reason as the cause", async () => {
  const error = refusal(() => validateCore(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 8, 1, 9])));
  expect(error.message).toBe("the module does not validate");
  expect(error.cause).toBeInstanceOf(WebAssembly.CompileError);
});

test("a large real program validates with caps and a meter", () => {
  const vendor = "../../../../node_modules/@bytecodealliance/jco-transpile/vendor/";
  const bytes = readFileSync(new URL(`${vendor}wasm-tools.core.wasm`, import.meta.url));
  const { facts, bytes: ready } = prepareCapped(new Uint8Array(bytes), { ...caps, initialFuel: 5n });
  expect(facts.functionTypes.length).toBeGreaterThan(5000);
  expect(ready.length).toBeLessThan(bytes.length * 1.5);
});
