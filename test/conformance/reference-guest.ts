// buildReferenceGuest: the reference nodes as WASM components, for runners that run those.
import { readFile } from "node:fs/promises";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { ReferenceBehaviour } from "./reference-node.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

/** The component's bytes; the same bytes each time. */
export async function buildReferenceGuest(behaviour: ReferenceBehaviour): Promise<Uint8Array<ArrayBuffer>> {
  const [prelude, own, witSource] = await Promise.all([
    read("guests/prelude.wat"),
    read(`guests/${behaviour}.wat`),
    read("../../nodes/wit/node.wit"),
  ]);
  const core = await parse(`(module ${prelude}\n${own}\n)`);
  const embedded = await componentEmbed({ binary: core, witSource, world: "node" });
  return new Uint8Array(await componentNew(embedded, []));
}
