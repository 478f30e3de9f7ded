// Composes the transpiler child: jco is loaded before the process is confined, the component is looked at after.
import { openChildHost } from "../../platform/process/child-host.ts";
import { serveTranspiler } from "../sandbox/prepare/serve-transpiler.ts";
import { transpile, transpilerReady } from "./transpile.ts";

/** `argument` is the size of the inherited shared memory in bytes. */
export async function runTranspilerChild(argument: string): Promise<void> {
  await transpilerReady;
  await serveTranspiler(openChildHost(Number(argument)), transpile);
  process.exit(0);
}
