// Whether what a module declares fits into what its node may have.
import { type ErrorWhere, RemoteMediaError } from "../../../platform/base/error.ts";
import type { NodeLimits } from "../../node/limits.ts";
import { maxTableElements } from "../table-limit.ts";
import type { ModuleFacts } from "./prepare-module.ts";

const pageBytes = 65_536;

/** @throws RemoteMediaError `module-limit`, with both numbers */
export function checkModuleLimits(facts: ModuleFacts, limits: NodeLimits, where: ErrorWhere): void {
  const bytes = facts.memoryPages * pageBytes;
  if (bytes > limits.maxMemoryBytes) {
    throw new RemoteMediaError(
      "module-limit",
      `declares ${bytes} bytes of memory; its limit is ${limits.maxMemoryBytes}`,
      {
        where,
        hint: "raise the node's limits.max_memory_mb, or build the module with less initial memory",
      },
    );
  }
  if (facts.tableElements > maxTableElements) {
    throw new RemoteMediaError(
      "module-limit",
      `declares a table of ${facts.tableElements} elements; at most ${maxTableElements} are allowed`,
      { where },
    );
  }
}
