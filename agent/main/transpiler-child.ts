// Composes the transpiler child: jco is loaded before the process is confined, the component is looked at after.
import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import { openChildHost } from "../../platform/process/child-host.ts";
import type { Transpile } from "../sandbox/prepare/prepare-module.ts";
import { serveTranspiler } from "../sandbox/prepare/serve-transpiler.ts";

/** `argument` is the size of the inherited shared memory in bytes. */
export async function runTranspilerChild(argument: string): Promise<void> {
  await $init;
  await serveTranspiler(openChildHost(Number(argument)), transpile);
  process.exit(0);
}

/** jco, with instantiation left to us and type declarations, by which the world is checked. */
export const transpile: Transpile = async (component) =>
  generate(component, {
    name: "node",
    instantiation: { tag: "sync" },
    noTypescript: false,
    noNodejsCompat: true,
    base64Cutoff: 0,
    tlaCompat: false,
  }).files;
