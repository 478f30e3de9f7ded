// The memory that programs here may use: the machine's, or a container's share where that is less.
import type { MemoryFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { keyedLines, numberOf, plausibleBytes, readNumber } from "./read-value.ts";

/** Total and available bytes; an absence, and 0, where /proc/meminfo makes no sense. */
export async function probeMemory(machine: Machine): Promise<Findings> {
  const [meminfo, limits] = await Promise.all([machine.readText("/proc/meminfo"), readLimits(machine)]);
  const whole = readMeminfo(meminfo);
  if (whole === undefined) {
    const detail = "/proc/meminfo gives no total of the memory that makes sense.";
    const code = meminfo === undefined ? "not-present" : "unreadable";
    return { absences: [{ about: "memory", code, detail }] };
  }
  const memory = limits.reduce((least, limit) => {
    const totalBytes = Math.min(least.totalBytes, limit.totalBytes);
    return { totalBytes, availableBytes: Math.min(least.availableBytes, limit.availableBytes, totalBytes) };
  }, whole);
  return { memory };
}

function readMeminfo(text: string | undefined): MemoryFacts | undefined {
  const lines = keyedLines(text, ":");
  const bytesOf = (key: string) => {
    const kilobytes = lines.get(key)?.match(/^([0-9]+) kB$/)?.[1];
    return numberOf(kilobytes, { min: 0, max: 2 ** 40 }) ?? 0;
  };
  const total = bytesOf("MemTotal");
  if (total === 0) return undefined;
  // Kernels before 3.14 don't estimate it.
  const estimate = bytesOf("MemFree") + bytesOf("Buffers") + bytesOf("Cached");
  const available = lines.has("MemAvailable") ? bytesOf("MemAvailable") : estimate;
  return { totalBytes: total * 1024, availableBytes: Math.min(available, total) * 1024 };
}

/** Limits of the cgroup at the root of what is seen (a container's own), and of the one that this process is in. */
async function readLimits(machine: Machine): Promise<readonly MemoryFacts[]> {
  const lines = ((await machine.readText("/proc/self/cgroup")) ?? "").split("\n", 64);
  const pathOf = (prefix: RegExp) => {
    const line = lines.find((each) => prefix.test(each)) ?? "";
    const path = line.replace(prefix, "").replace(/\/$/, "");
    return path.length < 1024 && !path.includes("..") ? path : "";
  };
  const unified = new Set(["", pathOf(/^0::/)]);
  const classic = new Set(["", pathOf(/^[0-9]+:memory:/)]);
  const limits = await Promise.all([
    ...[...unified].map((path) => readLimit(machine, `/sys/fs/cgroup${path}`, unifiedFiles)),
    ...[...classic].map((path) => readLimit(machine, `/sys/fs/cgroup/memory${path}`, classicFiles)),
  ]);
  return limits.filter((limit) => limit !== undefined);
}

interface LimitFiles {
  readonly limit: string;
  readonly used: string;
  /** The key in `memory.stat` of what the kernel gives back at once. */
  readonly cache: string;
}
const unifiedFiles: LimitFiles = { limit: "memory.max", used: "memory.current", cache: "inactive_file" };
const classicFiles: LimitFiles = {
  limit: "memory.limit_in_bytes",
  used: "memory.usage_in_bytes",
  cache: "total_inactive_file",
};

/** "max", or the 2^63 of cgroup v1, is no limit. */
async function readLimit(
  machine: Machine,
  folder: string,
  files: LimitFiles,
): Promise<MemoryFacts | undefined> {
  const totalBytes = await readNumber(machine, `${folder}/${files.limit}`, plausibleBytes);
  if (totalBytes === undefined) return undefined;
  const [used = 0, stat] = await Promise.all([
    readNumber(machine, `${folder}/${files.used}`, plausibleBytes),
    machine.readText(`${folder}/memory.stat`),
  ]);
  const line = stat?.split("\n", 256).find((each) => each.startsWith(`${files.cache} `));
  const cache = numberOf(line?.slice(files.cache.length), { min: 0, max: used }) ?? 0;
  return { totalBytes, availableBytes: Math.max(totalBytes - used + cache, 0) };
}
