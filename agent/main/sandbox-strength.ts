// What would hold a sandbox child on this machine, told without starting one; `doctor` starts one and looks.
import { readFileSync } from "node:fs";
import type { SandboxStrength } from "../../platform/contract/machine.ts";
import { openMachineCgroups } from "../../platform/process/machine-cgroups.ts";
import type { Config } from "../config/config.ts";

/** Architectures that there is a filter for. */
const filtered: readonly string[] = ["x64", "arm64"];

export function readSandboxStrength({ cgroup, cpuPercent, emulator }: Config): SandboxStrength {
  const unfiltered = whyUnfiltered(emulator.length > 0);
  const ungrouped = openMachineCgroups({ configured: cgroup, cpuPercent }).reason;
  return {
    seccomp: unfiltered === undefined,
    cgroup: ungrouped === undefined,
    reasons: [unfiltered, ungrouped].filter((reason) => reason !== undefined),
  };
}

/** @see https://docs.kernel.org/userspace-api/seccomp_filter.html, Sysctls */
function whyUnfiltered(isEmulated: boolean): string | undefined {
  if (isEmulated) return "an emulator has no system-call filters";
  if (!filtered.includes(process.arch)) return `there is no system-call filter for ${process.arch}`;
  const actions = readText("/proc/sys/kernel/seccomp/actions_avail").split(/\s+/);
  if (!actions.includes("errno")) return "this kernel has no system-call filters";
  return /^Seccomp:/m.test(readText("/proc/self/status"))
    ? undefined
    : "the kernel doesn't show whether processes have system-call filters";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
