// buildReferenceGuest: the reference nodes as WASM components, for runners that run those.
import { readFile } from "node:fs/promises";
import { componentOf, wat } from "../support/wat.ts";
import type { ReferenceBehaviour } from "./reference-node.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

/** The component's bytes; the same bytes each time. */
export async function buildReferenceGuest(behaviour: ReferenceBehaviour): Promise<Uint8Array<ArrayBuffer>> {
  const [prelude, own] = await Promise.all([read("guests/prelude.wat"), read(`guests/${behaviour}.wat`)]);
  return componentOf(await wat(`(module ${prelude}\n${own}\n)`));
}
