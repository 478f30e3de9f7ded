// All probes together: what hangs or throws is an absence, torn files never break anything.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BoardFacts } from "../../../platform/contract/board-facts.ts";
import type { Machine } from "../../../platform/contract/machine.ts";
import { nvidiaQuery } from "../../../platform/linux/nvidia-codecs.ts";
import { probeLinux } from "../../../platform/linux/probe-linux.ts";
import { boardMachine } from "../../support/board-machine.ts";

const never = () => new Promise<never>(() => {});
const limits = { readingMs: 40, programMs: 80, deviceMs: 80 };
const sound = {
  files: {
    "/proc/cpuinfo": "processor\t: 0\nflags\t\t: lm avx2\n",
    "/proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 500 kB\n",
    "/sys/class/net/eth0/type": "1\n",
  },
  storage: { "/": { totalBytes: 10, freeBytes: 5 } },
} as const;

describe("probing a machine", () => {
  test("gives all facts with the machine's time", async () => {
    const machine = boardMachine(sound);
    const facts = await probeLinux(machine);
    expect(facts.time).toBe(machine.time);
    expect(facts.cpu.features).toEqual(["avx2"]);
    expect(facts.memory).toEqual({ totalBytes: 1_024_000, availableBytes: 512_000 });
    expect(facts.network).toHaveLength(1);
    expect(facts.absences.map(({ about }) => about)).toContain("devices.cameras");
  });

  test("goes on where nvidia-smi hangs", async () => {
    const facts = await probeLinux({ ...boardMachine(sound), run: never }, { limits });
    expect(facts.cpu.cores).toBe(1);
    expect(facts.network).toHaveLength(1);
    expect(facts.absences.find(({ about }) => about === "codecs")?.code).toBe("timed-out");
  });

  test("gives AMD's card while NVIDIA's program hangs", async () => {
    const files = { "/sys/class/drm/card0/device/uevent": "DRIVER=amdgpu\nPCI_ID=1002:73BF\n" };
    const facts = await probeLinux({ ...boardMachine({ files }), run: never }, { limits });
    expect(facts.gpus).toMatchObject([{ vendor: "AMD" }]);
  });

  test("asks nvidia-smi once", async () => {
    const calls: string[] = [];
    const machine = boardMachine();
    const run: Machine["run"] = (program, args) => {
      calls.push(program);
      return machine.run(program, args);
    };
    await probeLinux({ ...machine, run });
    expect(calls.filter((program) => program === "nvidia-smi")).toHaveLength(1);
  });

  test.each([
    ["sandbox", ["sandbox.seccomp", "sandbox.cgroup"]],
    ["storage", ["storage"]],
    ["videoDevice", ["devices.cameras", "codecs"]],
  ] as const)("says that %s hung or failed, and gives the rest", async (method, abouts) => {
    const base = boardMachine({ ...sound, nodes: { "/dev/video0": {} } });
    const hung = await probeLinux({ ...base, [method]: never }, { limits });
    const failed = await probeLinux(
      {
        ...base,
        [method]: () => {
          throw new Error("boom\u001b[2J");
        },
      },
      { limits },
    );
    for (const about of abouts) {
      expect(hung.absences).toContainEqual(expect.objectContaining({ about, code: "timed-out" }));
      expect(failed.absences).toContainEqual(expect.objectContaining({ about, code: "unreadable" }));
    }
    for (const facts of [hung, failed]) expect(facts.memory.totalBytes).toBe(1_024_000);
    expect(JSON.stringify(failed)).not.toContain("\\u001b");
  });

  test("of which nothing can be read still gives facts, one absence a part", async () => {
    const methods = Object.keys(boardMachine()).filter((key) => key !== "time" && key !== "isRecorded");
    const machine = { ...boardMachine(), ...Object.fromEntries(methods.map((key) => [key, never])) };
    const facts = await probeLinux(machine, { limits });
    expect(facts.cpu).toMatchObject({ arch: "unknown", cores: 1 });
    const timedOut = facts.absences.filter(({ code }) => code === "timed-out").map(({ about }) => about);
    const parts = ["board", "cpu", "memory", "storage", "gpu", "codecs", "network", "frameworks"];
    for (const about of parts) expect(timedOut).toContain(about);
  });
});

/** Files that probes read, and what else stands in them on bad days. */
const paths = [
  ..."cpuinfo meminfo loadavg self/cgroup 1/cgroup sys/kernel/arch sys/kernel/osrelease sys/kernel/hostname"
    .split(" ")
    .map((name) => `/proc/${name}`),
  ..."model compatible system/linux,revision".split(" ").map((name) => `/proc/device-tree/${name}`),
  ..."sys_vendor product_name product_version board_name"
    .split(" ")
    .map((name) => `/sys/class/dmi/id/${name}`),
  ..."type operstate speed carrier uevent".split(" ").map((name) => `/sys/class/net/eth0/${name}`),
  ..."uevent vendor device mem_info_vram_total mem_info_vram_used mem_info_vram_vendor drm/renderD128"
    .split(" ")
    .map((name) => `/sys/class/drm/card0/device/${name}`),
  ..."memory.max memory.current memory.stat memory/memory.limit_in_bytes"
    .split(" ")
    .map((name) => `/sys/fs/cgroup/${name}`),
  "/sys/class/thermal/thermal_zone0/temp",
  "/sys/class/hwmon/hwmon0/name",
  "/sys/class/hwmon/hwmon0/temp1_input",
  "/sys/class/power_supply/BAT0/type",
  "/sys/devices/system/cpu/online",
  "/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq",
  "/sys/class/misc/mali0/device/gpuinfo",
  "/proc/driver/nvidia/version",
  "/proc/driver/nvidia/gpus/0000:01:00.0/information",
  "/sys/bus/pci/devices/0000:01:00.0/vendor",
  "/sys/bus/pci/devices/0000:01:00.0/class",
  "/sys/bus/pci/devices/0000:01:00.0/device",
  "/etc/os-release",
  "/run/systemd/container",
];
const words = fc.constantFrom(
  ..."MemTotal: kB 1 -1 0 99999999999999999999 1e308 0x10de 0x030000 NaN Infinity 0-3 coretemp Battery DRIVER=amdgpu".split(
    " ",
  ),
  ...'PCI_ID=1002:73bf DRIVER=v3d flags\t: Features\t: processor\t: asimd lm PRETTY_NAME=" Model: \u202e \u001b[2J \0 \n'.split(
    " ",
  ),
  "model name\t: a\u0007b\n",
  "CPU implementer\t: 0x41\nCPU part\t: 0xd08\n",
  "CPU architecture: 8\n",
);
const content = fc.oneof(
  fc.array(words, { maxLength: 12 }).map((parts) => parts.join(" ")),
  fc.array(words, { maxLength: 12 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.uint8Array({ maxLength: 64 }),
);

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

function checkValue(value: unknown, at: string): void {
  if (typeof value === "string") {
    expect(value, at).not.toMatch(unprintable);
    expect(value.length, at).toBeLessThanOrEqual(at.includes("absences") ? 512 : 128);
    if (!at.includes("absences")) expect(value, at).not.toBe("");
  } else if (typeof value === "number") {
    expect(Number.isFinite(value), at).toBe(true);
    expect(Math.abs(value), at).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
  } else if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    for (const [key, inner] of Object.entries(value)) checkValue(inner, `${at}.${key}`);
  }
}

function checkBounds({ cpu, memory, network, gpus, thermal }: BoardFacts): void {
  expect(cpu.cores).toBeGreaterThanOrEqual(1);
  expect(cpu.cores).toBeLessThanOrEqual(4096);
  expect(cpu.load).toBeGreaterThanOrEqual(0);
  expect(cpu.load).toBeLessThanOrEqual(1);
  expect(memory.availableBytes).toBeLessThanOrEqual(memory.totalBytes);
  expect(memory.availableBytes).toBeGreaterThanOrEqual(0);
  expect(Math.abs(thermal.celsius ?? 0)).toBeLessThanOrEqual(150);
  for (const { speedMbps } of network) expect(speedMbps ?? 1).toBeGreaterThan(0);
  for (const { memoryBytes, freeMemoryBytes } of gpus) {
    expect(freeMemoryBytes ?? 0).toBeLessThanOrEqual(memoryBytes ?? 0);
  }
}

test("torn and absurd files give facts that are printable, finite and within bounds", {
  timeout: 60_000,
}, async () => {
  const record = fc.record({
    files: fc.uniqueArray(fc.tuple(fc.constantFrom(...paths), content), { selector: ([path]) => path }),
    smi: content.map((text) => (typeof text === "string" ? text : new TextDecoder().decode(text))),
  });
  await fc.assert(
    fc.asyncProperty(record, async ({ files, smi }) => {
      const nodes = { "/dev/kfd": {}, "/dev/mali0": {}, "/dev/dri/renderD128": {} };
      const programs = { [["nvidia-smi", ...nvidiaQuery].join(" ")]: smi };
      const facts = await probeLinux(boardMachine({ files: Object.fromEntries(files), nodes, programs }));
      checkValue(facts, "facts");
      checkBounds(facts);
      expect(facts.absences.filter(({ detail }) => detail.startsWith("Nothing is known of"))).toEqual([]);
    }),
    { numRuns: 400 },
  );
});
