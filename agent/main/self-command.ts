// How this program starts itself again, compiled or from a checkout.
import type { SelfCommand } from "../../platform/process/spawn-child.ts";

/** Where a compiled binary's own files lie, as Bun shows them. */
const embeddedRoot = "/$bunfs/";

/** `emulator` comes first where the kernel can't run this binary by itself. */
export function selfCommand(emulator: readonly string[]): SelfCommand {
  const entry = Bun.main.startsWith(embeddedRoot) ? [] : [Bun.main];
  return { command: [...emulator, process.execPath, ...entry], capAddressSpace: emulator.length === 0 };
}
