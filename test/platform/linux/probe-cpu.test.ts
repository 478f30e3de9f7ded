// The processor out of cpuinfo's shapes, sysfs and the kernel's own word.
import { describe, expect, test } from "vitest";
import { probeCpu } from "../../../platform/linux/probe-cpu.ts";
import { boardMachine } from "../../support/board-machine.ts";

const cpuOf = async (files: Record<string, string>, arch?: string) => {
  const { cpu, absences } = await probeCpu(boardMachine({ files }), arch);
  return { ...cpu, absences };
};

const armCores = (parts: readonly string[], features: string, architecture = 8) => {
  const blocks = parts.map((part, index) => {
    return `processor\t: ${index}\nBogoMIPS\t: 108.00\nFeatures\t: ${features}\nCPU implementer\t: ${part.slice(0, 4)}
CPU architecture: ${architecture}\nCPU variant\t: 0x0\nCPU part\t: ${part.slice(5)}\nCPU revision\t: 3\n`;
  });
  return `${blocks.join("\n")}\n`;
};
const x86Cores = (count: number, flags: string) => {
  return `processor\t: 0\nmodel name\t: Intel(R) N100\nflags\t\t: ${flags}\n\n`.repeat(count);
};

const pi4 = armCores(Array(4).fill("0x41/0xd08"), "fp asimd evtstrm crc32 cpuid");

describe("a processor", () => {
  test("of ARM is named by its parts, and its architecture comes from its features", async () => {
    const cpu = await cpuOf({ "/proc/cpuinfo": pi4, "/proc/loadavg": "1.00 0.5 0.2 1/200 1234\n" });
    expect(cpu).toMatchObject({ arch: "aarch64", cores: 4, model: "Cortex-A72", features: ["neon"] });
    expect(cpu.load).toBe(0.25);
  });

  test("of two kinds of cores has both names", async () => {
    const parts = [...Array(4).fill("0x41/0xd05"), ...Array(4).fill("0x41/0xd0b")];
    const cpu = await cpuOf({ "/proc/cpuinfo": armCores(parts, "fp asimd asimdhp asimddp") });
    expect(cpu.model).toBe("Cortex-A55 + Cortex-A76");
    expect(cpu.features).toEqual(["neon", "dotprod", "fp16"]);
  });

  test.each([
    ["0x4e/0x003", "Denver 2"],
    ["0x4e/0x004", "Carmel"],
    ["0x41/0xd42", "Cortex-A78AE"],
    ["0x41/0xd4f", "Neoverse-V2"],
    ["0x41/0xfff", "ARM part 0xfff"],
  ])("%s is %s", async (part, model) => {
    expect((await cpuOf({ "/proc/cpuinfo": armCores([part], "fp asimd") })).model).toBe(model);
  });

  test("of 64 bits under a kernel of 32 is an arm", async () => {
    const features = "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt crc32";
    const cpu = await cpuOf({ "/proc/cpuinfo": armCores(["0x41/0xd03"], features, 7) });
    expect(cpu).toMatchObject({ arch: "arm", features: ["neon"], model: "Cortex-A53" });
  });

  test("of x86 has its own name and features", async () => {
    const flags = "fpu lm sse4_2 avx avx2 fma amx_tile avx512_vnni";
    const cpu = await cpuOf({ "/proc/cpuinfo": x86Cores(4, flags) });
    const features = ["sse4_2", "avx", "avx2", "avx512_vnni", "amx", "fma"];
    expect(cpu).toMatchObject({ arch: "x86_64", cores: 4, model: "Intel(R) N100", features });
  });

  test("is the running program's own, whatever files of a host under an emulator say", async () => {
    const cpu = await cpuOf(
      { "/proc/cpuinfo": x86Cores(2, "lm avx2"), "/proc/sys/kernel/arch": "x86_64" },
      "arm64",
    );
    expect(cpu).toMatchObject({ arch: "aarch64", features: ["neon"] });
  });

  test("has the cores that are online, fewer where a container sees fewer", async () => {
    const online = "/sys/devices/system/cpu/online";
    expect((await cpuOf({ "/proc/cpuinfo": pi4, [online]: "0-1,3\n" })).cores).toBe(3);
    expect((await cpuOf({ "/proc/cpuinfo": pi4, [online]: "0-63\n" })).cores).toBe(4);
    expect((await cpuOf({ [online]: "0-7\n" })).cores).toBe(8);
  });

  test.each([
    ["two processors' time", { "/sys/fs/cgroup/cpu.max": "200000 100000\n" }, 2],
    ["a half's, rounded up", { "/sys/fs/cgroup/cpu.max": "50000 100000\n" }, 1],
    ["more than there is", { "/sys/fs/cgroup/cpu.max": "900000 100000\n" }, 4],
    ["no limit", { "/sys/fs/cgroup/cpu.max": "max 100000\n" }, 4],
    ["nonsense", { "/sys/fs/cgroup/cpu.max": "200000 0\n" }, 4],
    [
      "the tightest of what surrounds it",
      {
        "/proc/self/cgroup": "0::/a.slice\n",
        "/sys/fs/cgroup/cpu.max": "300000 100000\n",
        "/sys/fs/cgroup/a.slice/cpu.max": "100000 100000\n",
      },
      1,
    ],
    [
      "cgroup v1's",
      {
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      },
      3,
    ],
    [
      "cgroup v1's none",
      { "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" },
      4,
    ],
  ])("of four cores has as many as the cgroup's time is worth: %s", async (_, files, cores) => {
    const cpu = await cpuOf({ "/proc/cpuinfo": pi4, "/proc/loadavg": "1.00 0.5 0.2 1/200 1234\n", ...files });
    expect(cpu).toMatchObject({ cores, load: 0.25, absences: [] });
  });

  test("of very many cores is counted by sysfs: cpuinfo is cut off", async () => {
    const text = x86Cores(192, "lm ".repeat(500)).slice(0, 262_144);
    const cpu = await cpuOf({ "/proc/cpuinfo": text, "/sys/devices/system/cpu/online": "0-191" });
    expect(cpu.cores).toBe(192);
  });

  test.each(["", "0-", "5-1", "0-99999", "-1", "0-3,", "0-3;rm"])(
    "has one core by the list %j",
    async (list) => {
      const cpu = await cpuOf({ "/sys/devices/system/cpu/online": list, "/proc/sys/kernel/arch": "riscv64" });
      expect(cpu).toMatchObject({
        arch: "riscv64",
        cores: 1,
        absences: [{ about: "cpu", code: "unreadable" }],
      });
    },
  );

  test("runs at most as fast as its fastest cores", async () => {
    const folder = "/sys/devices/system/cpu/cpufreq";
    const cpu = await cpuOf({
      [`${folder}/policy0/cpuinfo_max_freq`]: "1800000\n",
      [`${folder}/policy4/cpuinfo_max_freq`]: "2400000\n",
      [`${folder}/policy6/cpuinfo_max_freq`]: "999999999999\n",
    });
    expect(cpu.maxMhz).toBe(2400);
  });

  test("is never more than busy", async () => {
    expect((await cpuOf({ "/proc/cpuinfo": pi4, "/proc/loadavg": "99.5 1 1 1/2 3" })).load).toBe(1);
    expect((await cpuOf({ "/proc/cpuinfo": pi4, "/proc/loadavg": "Infinity" })).load).toBe(0);
  });
});
