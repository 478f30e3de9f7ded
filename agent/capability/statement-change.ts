// Whether a device has changed so much that others should hear of it, and when they may be told: at most one statement a second.
import type { CapabilityStatement } from "./statement.ts";

/** Statements of one device are at least this far apart. */
export const statementGapMs = 1000;

/** Smaller changes than these stay untold. */
const step = { load: 0.1, queueMs: 10, celsius: 5, gpuMemory: 0.1, storage: 0.05 } as const;

/** The top-level parts (`devices.cameras` and its like one deeper) in which two statements differ in a way worth telling; empty where
 * they don't. `time` never counts; load, temperature, free GPU memory and free storage only beyond a step. */
export function changedParts(before: CapabilityStatement, after: CapabilityStatement): string[] {
  const parts = partsOf(after);
  const old = partsOf(before);
  const changed = Object.keys(parts).filter(
    (part) => JSON.stringify(parts[part]) !== JSON.stringify(old[part]),
  );
  if (isLoadChanged(before.load, after.load)) changed.push("load");
  if (isFarther(before.thermal.celsius, after.thermal.celsius, step.celsius)) changed.push("thermal");
  if (isGpuMemoryChanged(before, after)) changed.push("gpu");
  if (isFarther(before.storage_gb, after.storage_gb, step.storage * (before.storage_gb ?? 0))) {
    changed.push("storage_gb");
  }
  return [...new Set(changed)];
}

/** When to tell what was seen: at once, after a while (look again then), or not at all. `told` is what was told last. */
export function paceStatement(
  told: { readonly statement: CapabilityStatement; readonly atMs: number } | undefined,
  seen: CapabilityStatement,
  nowMs: number,
):
  | { readonly tell: "now" }
  | { readonly tell: "later"; readonly afterMs: number }
  | { readonly tell: "never" } {
  if (told === undefined) return { tell: "now" };
  if (changedParts(told.statement, seen).length === 0) return { tell: "never" };
  const afterMs = told.atMs + statementGapMs - nowMs;
  return afterMs <= 0 ? { tell: "now" } : { tell: "later", afterMs: Math.min(afterMs, statementGapMs) };
}

/** Everything that counts as it is. */
function partsOf(statement: CapabilityStatement): Readonly<Record<string, unknown>> {
  const { time: _, load: __, storage_gb: ___, thermal, devices, gpu, ...rest } = statement;
  return {
    ...rest,
    gpu: gpu.map(({ memory_free_gb: ____, ...still }) => still),
    "devices.cameras": devices.cameras,
    "devices.microphones": devices.microphones,
    "devices.speakers": devices.speakers,
    thermal: [thermal.throttled, thermal.throttled_since_boot],
  };
}

function isLoadChanged(before: CapabilityStatement["load"], after: CapabilityStatement["load"]): boolean {
  return (
    before.sessions !== after.sessions ||
    isFarther(before.cpu, after.cpu, step.load) ||
    isFarther(before.memory, after.memory, step.load) ||
    isFarther(before.queue_ms, after.queue_ms, step.queueMs)
  );
}

function isGpuMemoryChanged(
  { gpu: before }: CapabilityStatement,
  { gpu: after }: CapabilityStatement,
): boolean {
  return after.some(({ memory_free_gb, memory_gb }, at) => {
    const old = before[at]?.memory_free_gb ?? null;
    return isFarther(old, memory_free_gb, step.gpuMemory * (memory_gb ?? old ?? 0));
  });
}

/** What is unknown on one side only is a change; sums of decimals are told apart to a millionth. */
function isFarther(before: number | null, after: number | null, distance: number): boolean {
  if (before === null || after === null) return before !== after;
  return before !== after && Math.abs(after - before) >= distance - 1e-6;
}
