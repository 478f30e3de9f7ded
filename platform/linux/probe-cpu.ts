// The processor: architecture, cores, model, features, top speed and load.
import type { Absence, CpuFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { readProcessorQuota } from "./processor-quota.ts";
import { type Cpuinfo, readCpuinfo } from "./read-cpuinfo.ts";
import { numberOf, readLine, readNumber } from "./read-value.ts";

const mostCores = 4096;
const mostPolicies = 64;
const noFlags: ReadonlySet<string> = new Set();

/** The kernel's names of the features that statements name, in the order that statements give them. */
const armFlags: readonly (readonly [string, readonly string[]])[] = [
  ["neon", ["asimd", "neon"]],
  ["sve", ["sve"]],
  ["sve2", ["sve2"]],
  ["dotprod", ["asimddp"]],
  ["fp16", ["asimdhp"]],
  ["i8mm", ["i8mm"]],
];
const x86Flags: readonly (readonly [string, readonly string[]])[] = [
  ["sse4_2", ["sse4_2"]],
  ["avx", ["avx"]],
  ["avx2", ["avx2"]],
  ["avx512f", ["avx512f"]],
  ["avx512_vnni", ["avx512_vnni"]],
  ["amx", ["amx_tile"]],
  ["fma", ["fma"]],
];

/** `ownArch` is the running program's, as `process.arch` spells it; undefined for a recorded machine. */
export async function probeCpu(machine: Machine, ownArch?: string): Promise<Findings> {
  const [text, kernelArch, online, load, maxMhz, quota] = await Promise.all([
    machine.readText("/proc/cpuinfo"),
    readLine(machine, "/proc/sys/kernel/arch"),
    machine.readText("/sys/devices/system/cpu/online"),
    machine.readText("/proc/loadavg"),
    readMaxMhz(machine),
    readProcessorQuota(machine),
  ]);
  const cpuinfo = readCpuinfo(text ?? "");
  const arch = archName(ownArch) ?? archName(kernelArch) ?? cpuinfo.arch;
  const counted = countCores(cpuinfo, online);
  const cores = counted ?? 1;
  const cpu: CpuFacts = {
    arch: arch ?? "unknown",
    cores: Math.min(cores, quota ?? cores),
    model: cpuinfo.model,
    features: featuresOf(arch, arch === cpuinfo.arch ? cpuinfo.flags : noFlags),
    maxMhz,
    // The load average is the whole machine's.
    load: shareOf(load, cores),
  };
  return { cpu, absences: missing(arch, counted) };
}

function missing(arch: string | undefined, cores: number | undefined): Absence[] {
  const absences: Absence[] = [];
  if (arch === undefined) {
    const detail = "Neither /proc/sys/kernel/arch nor /proc/cpuinfo tells the processor's architecture.";
    absences.push({ about: "cpu", code: "unreadable", detail });
  }
  if (cores === undefined) {
    const detail =
      "Neither /sys/devices/system/cpu/online nor /proc/cpuinfo counts the cores: one is assumed.";
    absences.push({ about: "cpu", code: "unreadable", detail });
  }
  return absences;
}

/** The architecture as manifests write it, from Node's or the kernel's spelling; undefined for what is no such name. */
function archName(name: string | undefined): string | undefined {
  if (name === undefined || !/^[a-z0-9_]{1,16}$/.test(name)) return undefined;
  if (name === "x64" || name === "amd64") return "x86_64";
  if (name === "arm64") return "aarch64";
  if (name.startsWith("armv")) return "arm";
  return /^i[3-6]86$|^ia32$/.test(name) ? "x86" : name;
}

function featuresOf(arch: string | undefined, flags: ReadonlySet<string>): string[] {
  // Every AArch64 processor that runs Linux has Advanced SIMD.
  if (arch === "aarch64" && flags.size === 0) return ["neon"];
  const names = arch === "aarch64" || arch === "arm" ? armFlags : x86Flags;
  return names.filter(([, spellings]) => spellings.some((flag) => flags.has(flag))).map(([name]) => name);
}

/** The smaller of what both say: a container's cpuinfo may show fewer cores than sysfs. */
function countCores({ processors }: Cpuinfo, online: string | undefined): number | undefined {
  const counts = [countRanges(online), processors].filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : Math.min(...counts, mostCores);
}

/** How many numbers "0-3,5" has; undefined where it is no such list. */
function countRanges(text: string | undefined): number | undefined {
  const ranges = text?.trim() ?? "";
  if (ranges.length > 4096 || !/^[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*$/.test(ranges)) {
    return undefined;
  }
  const counts = ranges.split(",").map((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return last - first + 1;
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.every((count) => count > 0) && total <= mostCores ? total : undefined;
}

/** The fastest of all kinds of cores. */
async function readMaxMhz(machine: Machine): Promise<number | undefined> {
  const folder = "/sys/devices/system/cpu/cpufreq";
  const policies = (await machine.list(folder)).filter((name) => /^policy[0-9]+$/.test(name));
  const kilohertz = await Promise.all(
    policies.slice(0, mostPolicies).map((policy) => {
      return readNumber(machine, `${folder}/${policy}/cpuinfo_max_freq`, { min: 10_000, max: 100_000_000 });
    }),
  );
  const fastest = Math.max(...kilohertz.filter((value) => value !== undefined));
  return Number.isFinite(fastest) ? Math.round(fastest / 1000) : undefined;
}

function shareOf(loadavg: string | undefined, cores: number): number {
  const load = numberOf(loadavg?.trim().split(/\s/, 1)[0], { min: 0, max: 1e6 }) ?? 0;
  return Math.min(Math.round((load / cores) * 100) / 100, 1);
}
