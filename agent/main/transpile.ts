// jco, as the transpiler child and the build use it.
import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import type { Transpile } from "../sandbox/prepare/prepare-module.ts";

/** Resolves once jco's own modules are compiled; no file is opened afterwards. */
export const transpilerReady: Promise<void> = $init;

/** Instantiation is left to us; the type declarations are what the world is checked by. */
export const transpile: Transpile = async (component) => {
  await transpilerReady;
  return generate(component, {
    name: "node",
    instantiation: { tag: "sync" },
    noTypescript: false,
    noNodejsCompat: true,
    base64Cutoff: 0,
    tlaCompat: false,
  }).files;
};
