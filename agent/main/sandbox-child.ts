// Composes the sandbox child: this process only ever runs a stage.
import { openChildHost } from "../../platform/process/child-host.ts";
import { serveStage } from "../sandbox/child/serve-stage.ts";

/** `argument` is the size of the inherited shared memory in bytes. */
export async function runSandboxChild(argument: string): Promise<void> {
  await serveStage(openChildHost(Number(argument)));
  process.exit(0);
}
