// What a node requires and this machine doesn't have, each with the reason.
import type { CapabilityRequirements } from "../capability/requirements.ts";
import { quote } from "../manifest/json-path.ts";

/** What is known of this machine. `arch` as manifests write it: `x86_64`, `aarch64`, `arm`. */
export interface LocalFacts {
  readonly arch: string;
  /** Logical cores. */
  readonly cores: number;
  /** The machine's memory, in GB. */
  readonly memoryGb: number;
}

/** The unmet requirements; empty when all are met. What can't be known of this machine isn't met: never "almost". */
export function unmetNeeds(needs: CapabilityRequirements, facts: LocalFacts): string[] {
  const { gpu, cpu, memory_gb, codecs = [], hardware_accel, frameworks = [], devices = [] } = needs;
  const unmet: string[] = [];
  if (gpu?.required) unmet.push(`needs a GPU (${gpu.type}), and none is known here`);
  if (cpu?.cores !== undefined && cpu.cores > facts.cores) {
    unmet.push(`needs ${cpu.cores} cores, and there are ${facts.cores}`);
  }
  if (cpu?.arch !== undefined && cpu.arch !== "any" && cpu.arch !== facts.arch) {
    unmet.push(`needs a processor of ${cpu.arch}, and this is ${facts.arch}`);
  }
  if (memory_gb !== undefined && memory_gb > facts.memoryGb) {
    unmet.push(`needs ${memory_gb} GB of memory, and there are ${facts.memoryGb}`);
  }
  if (hardware_accel) unmet.push("needs codecs in hardware, and none are known here");
  const kinds = [
    ["codec", codecs],
    ["framework", frameworks],
    ["device", devices],
  ] as const;
  for (const [kind, names] of kinds) {
    for (const name of names) unmet.push(`needs the ${kind} ${quote(name)}, and it is not known here`);
  }
  return unmet;
}
