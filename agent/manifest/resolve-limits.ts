// Whose word counts on what a node may use: the manifest's, else its node.json's, else the default; and the device may lower it.
import type { LimitsDocument } from "../node/descriptor.ts";
import { defaultLimits, type NodeLimits } from "../node/limits.ts";

/** The most that this device allows a node; what is absent is not lowered. */
export type LimitsPolicy = Partial<NodeLimits>;

/** The limits in force for a node. */
export function resolveLimits(
  manifest: LimitsDocument,
  descriptor: LimitsDocument,
  policy: LimitsPolicy = {},
): NodeLimits {
  const asked = { ...defaultLimits, ...toNodeLimits(descriptor), ...toNodeLimits(manifest) };
  return {
    maxMemoryBytes: lower(asked.maxMemoryBytes, policy.maxMemoryBytes),
    maxExecutionMs: lower(asked.maxExecutionMs, policy.maxExecutionMs),
    maxFuel: lowerFuel(asked.maxFuel, policy.maxFuel),
    maxOutputBytes: lower(asked.maxOutputBytes, policy.maxOutputBytes),
    maxFramesOut: lower(asked.maxFramesOut, policy.maxFramesOut),
  };
}

function toNodeLimits(written: LimitsDocument): Partial<NodeLimits> {
  const { max_memory_mb, max_execution_ms, max_fuel, max_output_bytes, max_frames_out } = written;
  return {
    ...(max_memory_mb === undefined ? {} : { maxMemoryBytes: max_memory_mb * 1024 * 1024 }),
    ...(max_execution_ms === undefined ? {} : { maxExecutionMs: max_execution_ms }),
    ...(max_fuel === undefined ? {} : { maxFuel: BigInt(max_fuel) }),
    ...(max_output_bytes === undefined ? {} : { maxOutputBytes: max_output_bytes }),
    ...(max_frames_out === undefined ? {} : { maxFramesOut: max_frames_out }),
  };
}

function lower(asked: number, allowed: number | undefined): number {
  return allowed === undefined ? asked : Math.min(asked, allowed);
}

function lowerFuel(asked: bigint | undefined, allowed: bigint | undefined): bigint | undefined {
  if (asked === undefined || allowed === undefined) return asked ?? allowed;
  return asked < allowed ? asked : allowed;
}
