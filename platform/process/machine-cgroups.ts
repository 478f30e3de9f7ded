// The cgroups of this machine, for the children of this process.
import { ptr } from "bun:ffi";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type ChildCgroups, type ChildCgroupsOptions, createChildCgroups } from "./child-cgroup.ts";
import { libc } from "./libc.ts";

/** Nothing is looked at or changed before the first child. */
export function openMachineCgroups(
  settings: Pick<ChildCgroupsOptions, "configured" | "cpuPercent">,
): ChildCgroups {
  let opened: ChildCgroups | undefined;
  const open = () => {
    opened ??= createChildCgroups({
      ...settings,
      own: readOwn(),
      pid: process.pid,
      isDelegated,
      isRunning: (pid) => existsSync(`/proc/${pid}`),
      processors: availableParallelism(),
    });
    return opened;
  };
  return {
    get reason() {
      return open().reason;
    },
    open: (memoryBytes) => open().open(memoryBytes),
  };
}

function readOwn(): string {
  try {
    return readFileSync("/proc/self/cgroup", "utf8");
  } catch {
    return "";
  }
}

/** Whoever isn't root can write only to what was given away. Root can write everywhere, so that systemd's mark decides.
 * @see https://systemd.io/CGROUP_DELEGATION */
function isDelegated(folder: string): boolean {
  return process.getuid?.() !== 0 || hasMark(folder, "trusted.delegate") || hasMark(folder, "user.delegate");
}

function hasMark(folder: string, name: string): boolean {
  const [path, attribute] = [folder, name].map((text) => new TextEncoder().encode(`${text}\0`));
  return libc().getxattr(ptr(path!), ptr(attribute!), null, 0) >= 0n;
}
