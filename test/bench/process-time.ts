// cpuMs: the processor time that a process has used, as the kernel counts it.
import { readdirSync, readFileSync } from "node:fs";

/** Ticks a second of /proc/PID/stat; USER_HZ is 100 on every Linux. */
const ticksPerSecond = 100;

/** User and system time of all its threads in milliseconds; 0 where it is gone. @see man 5 proc_pid_stat */
export function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name may hold anything but its closing parenthesis comes last.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** Nanoseconds on a processor, which ticks are too coarse for; all threads. @see Documentation/scheduler/sched-stats.rst */
export function scheduledMs(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
      .reduce((sum, ns) => sum + ns / 1e6, 0);
  } catch {
    return 0;
  }
}

/** Process ids of the children, by their command lines. */
export function childrenOf(pid: number): { readonly pid: number; readonly command: string }[] {
  const ids = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" "),
  );
  return ids
    .filter((id) => id !== "")
    .map((id) => ({
      pid: Number(id),
      command: readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " "),
    }));
}
