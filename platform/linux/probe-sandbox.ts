// The strength of the sandbox, with a reason for each layer that is missing.
import { printable } from "../base/printable.ts";
import type { Absence } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";

const layers = {
  seccomp: {
    about: "sandbox.seccomp",
    detail: "The kernel takes no seccomp filter: children of the sandbox aren't kept from system calls.",
    mend: "Run a kernel with CONFIG_SECCOMP_FILTER, and no container profile that denies seccomp",
  },
  cgroup: {
    about: "sandbox.cgroup",
    detail:
      "No cgroup is ours to divide: the kernel doesn't limit the memory and time of the sandbox's children.",
    mend: "Start it by systemd with Delegate=yes, or give the container a writable cgroup",
  },
} as const;

/** Raspberry Pi's firmware starts the kernel without it. */
const switchOn = "Boot with cgroup_enable=memory on the kernel's command line (Raspberry Pi: cmdline.txt)";

function isControllerOff(detail: string): boolean {
  return detail.includes("memory controller");
}

/** The sandbox's strength as the machine tells it; each layer that is false has an absence. */
export async function probeSandbox(machine: Machine): Promise<Findings> {
  const { seccomp, cgroup, reasons } = await machine.sandbox();
  const missing = [...(seccomp ? [] : [layers.seccomp]), ...(cgroup ? [] : [layers.cgroup])];
  const told = reasons.slice(0, 8).map((reason) => printable(reason));
  // The reasons come one for each layer that is false, in this order.
  const absences = missing.map((layer, index): Absence => {
    const detail = (reasons.length === missing.length && told[index]) || layer.detail;
    const mend = isControllerOff(detail) ? switchOn : layer.mend;
    return { about: layer.about, code: "not-supported", detail, mend };
  });
  return { sandbox: { seccomp, cgroup, reasons: told }, absences };
}
