// Guests of the benchmark, from text.

import { readFile } from "node:fs/promises";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

/** Builds `guests/NAME.wat` with the reference guests' prelude into a component. */
export async function buildBenchGuest(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const [prelude, own, witSource] = await Promise.all([
    read("../conformance/guests/prelude.wat"),
    read(`guests/${name}.wat`),
    read("../../nodes/wit/node.wit"),
  ]);
  const core = await parse(`(module ${prelude}\n${own}\n)`);
  const embedded = await componentEmbed({ binary: core, witSource, world: "node" });
  return new Uint8Array(await componentNew(embedded, []));
}
