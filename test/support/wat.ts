// Makes guests for the tests: binaries from text, and components of the contract's world from core modules.
import { readFileSync } from "node:fs";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

const nodeWit = readFileSync(new URL("../../nodes/wit/node.wit", import.meta.url), "utf8");

/** The binary of a module or component in text form; it is not validated. */
export async function wat(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await parse(text));
}

/** The component that wit-component makes of a core module for the world of the contract, or of another WIT. */
export async function componentOf(
  core: Uint8Array,
  wit = nodeWit,
  world = "node",
): Promise<Uint8Array<ArrayBuffer>> {
  const embedded = await componentEmbed({ binary: core, witSource: wit, world });
  return new Uint8Array(await componentNew(embedded, []));
}
