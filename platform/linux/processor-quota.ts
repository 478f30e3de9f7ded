// How many processors' time a container's cgroup gives: a share of a machine with many may be worth one.
import type { Machine } from "../contract/machine.ts";
import { numberOf } from "./read-value.ts";

const microseconds = { min: 1, max: 1e12 };

/** In processors, rounded up; undefined where nothing limits the time. Of several limits the tightest.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max)
 * @see https://docs.kernel.org/scheduler/sched-bwc.html (cpu.cfs_quota_us, of cgroup v1) */
export async function readProcessorQuota(machine: Machine): Promise<number | undefined> {
  const own = await readOwnPath(machine);
  const [limits, quota, period] = await Promise.all([
    Promise.all([...new Set(["", own])].map((path) => machine.readText(`/sys/fs/cgroup${path}/cpu.max`))),
    machine.readText("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    machine.readText("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
  ]);
  const pairs = [...limits.map((limit) => limit?.trim().split(" ")), [quota, period]];
  const worth = pairs.flatMap((pair) => {
    const [time, whole] = [numberOf(pair?.[0], microseconds), numberOf(pair?.[1], microseconds)];
    return time === undefined || whole === undefined ? [] : [Math.max(1, Math.ceil(time / whole))];
  });
  return worth.length === 0 ? undefined : Math.min(...worth);
}

/** The cgroup that this process is in, below what it sees of the hierarchy; "" at its root. */
async function readOwnPath(machine: Machine): Promise<string> {
  const lines = ((await machine.readText("/proc/self/cgroup")) ?? "").split("\n", 64);
  const path =
    lines
      .find((line) => line.startsWith("0::"))
      ?.slice(3)
      .replace(/\/$/, "") ?? "";
  return path.length < 1024 && path.startsWith("/") && !path.includes("..") ? path : "";
}
