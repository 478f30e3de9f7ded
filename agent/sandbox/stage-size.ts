// How much memory a stage's child must be able to address.
import type { BlobJson } from "./blob-json.ts";
import type { SandboxSize } from "./sandbox-pool.ts";
import { sharedBytesFor } from "./shared-layout.ts";
import type { StageSpec } from "./stage-spec.ts";

const mebibyte = 1024 * 1024;

/** What the program itself reserves before any guest: measured at 380 to 520 MiB of address space, most of it never touched. */
const programBytes = 640 * mebibyte;
/** What the program itself may touch before any guest: measured at 30 to 60 MiB, three times that while it compiles. */
const touchedProgramBytes = 192 * mebibyte;
/** Guests' memories are granted in steps, so that most stages want a child of the same size and spares fit. */
const step = 256 * mebibyte;
/** Address space that the engine takes to compile a byte of module. */
const compileFactor = 24;

/** The address-space cap and the limit of memory hold the program, the rings, every guest's memory at its limit (twice for the largest: a fresh
 * instance is made before the dead one's memory is collected), and the compiler. */
export function sandboxSizeOf(stage: StageSpec, encoded: BlobJson): SandboxSize {
  const limits = stage.nodes.map((node) => node.limits);
  const largestRecord = Math.max(encoded.bytes, ...limits.map((limit) => limit.maxOutputBytes));
  const sharedBytes = sharedBytesFor(largestRecord);
  const memories = limits.reduce((sum, limit) => sum + limit.maxMemoryBytes, 0);
  const spare = Math.max(...limits.map((limit) => limit.maxMemoryBytes));
  const guests = memories + spare + encoded.bytes * compileFactor;
  const granted = sharedBytes + Math.ceil(guests / step) * step;
  return {
    sharedBytes,
    addressSpaceBytes: programBytes + granted,
    memoryBytes: touchedProgramBytes + granted,
  };
}
