// Modules that must not run: each is refused by the real transpiler child with the code that the manifest's contract lists.

import { readFileSync } from "node:fs";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, it } from "vitest";
import { createModuleLibrary } from "../../agent/sandbox/prepare/module-library.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { BlobCache } from "../../platform/contract/blob-cache.ts";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import { componentOf } from "../support/wat.ts";
import { buildGuest, guestText } from "./guest.ts";
import { openStand } from "./stand.ts";

const stand = openStand();
const kept = new Map<string, Uint8Array<ArrayBuffer>>();
const cache: BlobCache = {
  get: async (key) => kept.get(key),
  put: async (key, bytes) => void kept.set(key, bytes.slice()),
};
const library = createModuleLibrary(stand.spawner, cache);
const wit = readFileSync(new URL("../../nodes/wit/node.wit", import.meta.url), "utf8");

const wat = async (text: string) => new Uint8Array(await parse(text));
const honestCore = async () => wat(await guestText({}));

async function refused(bytes: Uint8Array): Promise<RemoteMediaError> {
  const before = kept.size;
  const error = await library.prepare(bytes).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RemoteMediaError);
  expect(kept.size).toBe(before);
  return error as RemoteMediaError;
}

describe("module-invalid is given to", () => {
  it.each<[what: string, make: () => Promise<Uint8Array> | Uint8Array, message: RegExp]>([
    ["nothing at all", () => new Uint8Array(), /not WebAssembly/],
    ["text", () => new TextEncoder().encode("#!/bin/sh\nrm -rf /\n"), /not WebAssembly/],
    ["a core module", honestCore, /a core WebAssembly module, not a component/],
    ["a component that was cut short", async () => (await buildGuest({})).subarray(0, 900), /./],
    ["a component with a flipped section", async () => flipped(await buildGuest({})), /./],
    ["an empty component", () => wat("(component)"), /does not export open, process, flush/],
    [
      "a component whose exports are not functions",
      () =>
        wat(
          '(component (component $c) (export "open" (component $c)) (export "process" (component $c)) (export "flush" (component $c)))',
        ),
      /not a valid component/,
    ],
    [
      "a component whose functions have other types",
      () =>
        wat(`(component
          (core module $m (func (export "f")))
          (core instance $i (instantiate $m))
          (func $f (canon lift (core func $i "f")))
          (export "open" (func $f)) (export "process" (func $f)) (export "flush" (func $f)))`),
      /another world/,
    ],
    [
      "a component whose frame has another field",
      async () =>
        componentOf(await honestCore(), wit.replace("data: list<u8>,\n    }", "data: list<s8>,\n    }")),
      /another world/,
    ],
    [
      "a component whose module is invalid",
      () =>
        wat(
          '(component (core module (func (result i32))) (component $c) (export "open" (component $c)) (export "process" (component $c)) (export "flush" (component $c)))',
        ),
      /does not validate/,
    ],
    [
      "a component with a threaded memory",
      () => buildGuest({ fields: "(memory $m 1 2 shared)" }),
      /not supported/,
    ],
  ])("%s", async (_what, make, message) => {
    expect(await refused(await make())).toMatchObject({
      code: "module-invalid",
      message: expect.stringMatching(message),
    });
    await stand.expectNeighbourUnharmed();
  });
});

describe("module-import-denied names", () => {
  it.each([
    "wasi:sockets/tcp@0.2.0",
    "wasi:sockets/udp@0.2.3",
    "wasi:filesystem/types@0.2.0",
    "wasi:filesystem/preopens@0.2.0",
    "wasi:http/outgoing-handler@0.2.0",
    "wasi:cli/run@0.2.0",
    "acme:secrets/vault@1.0.0",
    "wasi:cli/stdout-but-not-quite@0.2.0",
    "remotemedia:node/admin@1.0.0",
  ])("%s", async (name) => {
    const error = await refused(await wat(`(component (import "${name}" (instance)))`));
    expect(error).toMatchObject({ code: "module-import-denied" });
    expect(error.message).toContain(name);
    expect(error.family).toBe("trust");
  });
});

describe("module-too-complex is given to", () => {
  const bomb = async (fields: string) =>
    wat(`(component (core module ${fields}) (component $c)
    (export "open" (component $c)) (export "process" (component $c)) (export "flush" (component $c)))`);
  const entries = (count: number) => "0 ".repeat(count);
  it.each<[what: string, make: () => Promise<Uint8Array> | Uint8Array]>([
    ["6,000 nested blocks", () => bomb(`(func ${"(block ".repeat(6000)}${")".repeat(6000)})`)],
    ["200,000 functions", () => bomb("(func)".repeat(200_000))],
    [
      "twenty branch tables of 60,000 targets",
      () => bomb(`(func (param i32) (block ${`(br_table ${entries(60_000)}(local.get 0))`.repeat(20)}))`),
    ],
    ["20,000 locals", () => bomb(`(func (local ${"i32 ".repeat(20_000)}))`)],
    ["20 components inside each other", () => wat(`${"(component ".repeat(20)}${")".repeat(20)}`)],
    ["120 core modules", () => wat(`(component ${"(core module)".repeat(120)})`)],
    ["a component of more than 64 MiB", () => new Uint8Array(64 * 1024 * 1024 + 1)],
  ])("%s", async (_what, make) => {
    expect(await refused(await make())).toMatchObject({ code: "module-too-complex" });
    await stand.expectNeighbourUnharmed();
  });
});

it("an honest module is prepared after all of them", async () => {
  const { module, facts } = await library.prepare(await buildReferenceGuest("echo"));
  expect(module.kind).toBe("direct");
  expect(facts.memoryPages).toBe(1);
});

/** The component with the length of its third section one too large. */
function flipped(component: Uint8Array): Uint8Array {
  const copy = component.slice();
  copy[9] = copy[9]! ^ 0x01;
  return copy;
}
