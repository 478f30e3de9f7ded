// The space of the file system that holds the root folder.
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";

/** Total and free bytes of `/`. What makes no sense (nothing at all, more free than there is) is an absence. */
export async function probeStorage(machine: Machine): Promise<Findings> {
  const space = await machine.storage("/");
  if (space === undefined) {
    const detail = "The size of the file system of / can't be read.";
    return { absences: [{ about: "storage", code: "not-present", detail }] };
  }
  const { totalBytes, freeBytes } = space;
  const makesSense = Number.isSafeInteger(totalBytes) && totalBytes > 0 && freeBytes >= 0;
  if (!makesSense || !Number.isSafeInteger(freeBytes) || freeBytes > totalBytes) {
    const detail = "The file system of / gives a size that makes no sense.";
    return { absences: [{ about: "storage", code: "unreadable", detail }] };
  }
  return { storage: { totalBytes, freeBytes } };
}
