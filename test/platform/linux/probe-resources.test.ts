// Memory, storage, heat, power, network, runtimes and the sandbox's strength, with what torn files make of them.
import { describe, expect, test } from "vitest";
import { probeFrameworks } from "../../../platform/linux/probe-frameworks.ts";
import { probeMemory } from "../../../platform/linux/probe-memory.ts";
import { probeNetwork } from "../../../platform/linux/probe-network.ts";
import { probeSandbox } from "../../../platform/linux/probe-sandbox.ts";
import { probeStorage } from "../../../platform/linux/probe-storage.ts";
import { probeThermal } from "../../../platform/linux/probe-thermal.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";

const meminfo = "MemTotal:        8000000 kB\nMemFree: 10 kB\nMemAvailable:    6000000 kB\n";
const memoryOf = (files: Record<string, string>) =>
  probeMemory(boardMachine({ files: { "/proc/meminfo": meminfo, ...files } }));

describe("memory", () => {
  test("is the machine's", async () => {
    const memory = { totalBytes: 8_000_000 * 1024, availableBytes: 6_000_000 * 1024 };
    expect((await memoryOf({ "/sys/fs/cgroup/memory.max": "max\n" })).memory).toEqual(memory);
  });

  test("is a container's share where that is less, and its cache is free", async () => {
    const { memory } = await memoryOf({
      "/sys/fs/cgroup/memory.max": "1000000000\n",
      "/sys/fs/cgroup/memory.current": "400000000\n",
      "/sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 100000000\n",
    });
    expect(memory).toEqual({ totalBytes: 1_000_000_000, availableBytes: 700_000_000 });
  });

  test("is a service's share by its own cgroup, of version 2 or 1", async () => {
    const service = await memoryOf({
      "/proc/self/cgroup": "0::/system.slice/agent.service\n",
      "/sys/fs/cgroup/system.slice/agent.service/memory.max": "500000000",
    });
    expect(service.memory?.totalBytes).toBe(500_000_000);
    const classic = await memoryOf({
      "/proc/self/cgroup": "4:memory:/docker/a\n0::/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      "/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "600000000",
    });
    expect(classic.memory?.totalBytes).toBe(600_000_000);
  });

  test.each([
    "",
    "MemTotal: 0 kB",
    "MemTotal: -5 kB",
    "MemTotal: 1e9 kB",
    "MemTotal: 99999999999999999999 kB",
  ])("of %j is an absence", async (text) => {
    const { memory, absences } = await memoryOf({ "/proc/meminfo": text });
    expect(memory).toBeUndefined();
    expect(absences).toMatchObject([{ about: "memory", code: "unreadable" }]);
  });
});

describe("storage", () => {
  const storageOf = (space?: { totalBytes: number; freeBytes: number }) =>
    probeStorage(boardMachine({ storage: space ? { "/": space } : {} }));

  test("is that of the root folder", async () => {
    const space = { totalBytes: 32e9, freeBytes: 20e9 };
    expect(await storageOf(space)).toEqual({ storage: space });
  });

  test("that makes no sense is an absence", async () => {
    const absent = { absences: [{ about: "storage", code: "unreadable" }] };
    expect(await storageOf({ totalBytes: 1, freeBytes: 2 })).toMatchObject(absent);
    expect(await storageOf({ totalBytes: Number.NaN, freeBytes: 0 })).toMatchObject(absent);
    expect(await storageOf()).toMatchObject({ absences: [{ code: "not-present" }] });
  });
});

describe("heat and power", () => {
  const thermalOf = async (files: Record<string, string>) =>
    (await probeThermal(boardMachine({ files }))).thermal;

  test("are the hottest sensor's that makes sense", async () => {
    const thermal = await thermalOf({
      "/sys/class/thermal/thermal_zone0/temp": "48312\n",
      "/sys/class/thermal/thermal_zone1/temp": "-274000\n",
      "/sys/class/thermal/thermal_zone2/temp": "1000000000000\n",
      "/sys/class/thermal/thermal_zone3/type": "iwlwifi_1\n",
      "/sys/class/thermal/thermal_zone3/temp": "90000\n",
      "/sys/class/hwmon/hwmon0/name": "k10temp\n",
      "/sys/class/hwmon/hwmon0/temp1_input": "51250\n",
      "/sys/class/hwmon/hwmon1/name": "nvme\n",
      "/sys/class/hwmon/hwmon1/temp1_input": "70000\n",
    });
    expect(thermal?.celsius).toBe(51.3);
  });

  test("come from the mains or a battery, and a mouse's battery is neither", async () => {
    const supply = "/sys/class/power_supply";
    const battery = { [`${supply}/BAT0/type`]: "Battery", [`${supply}/BAT0/status`]: "Discharging" };
    expect((await thermalOf(battery))?.power).toBe("battery");
    const plugged = { ...battery, [`${supply}/AC/type`]: "Mains", [`${supply}/AC/online`]: "1\n" };
    expect((await thermalOf(plugged))?.power).toBe("mains");
    expect((await thermalOf({ ...battery, [`${supply}/BAT0/scope`]: "Device\n" }))?.power).toBeUndefined();
  });
});

describe("the network", () => {
  const net = "/sys/class/net";
  const networkOf = (record: BoardRecord) => probeNetwork(boardMachine(record));

  test("has real interfaces first, without the loopback and without addresses", async () => {
    const pci = "/sys/devices/pci0000:00/0000:00:1f.6/net/eth0";
    const bridge = "/sys/devices/virtual/net/br0";
    const { network } = await networkOf({
      files: {
        [`${bridge}/type`]: "1\n",
        [`${bridge}/operstate`]: "up\n",
        [`${bridge}/speed`]: "10000\n",
        [`${pci}/type`]: "1\n",
        [`${pci}/operstate`]: "up\n",
        [`${pci}/speed`]: "1000\n",
        [`${pci}/address`]: "02:00:5e:10:00:01\n",
        [`${net}/lo/type`]: "772\n",
        [`${net}/wlan0/type`]: "1\n",
        [`${net}/wlan0/operstate`]: "down\n",
        [`${net}/wlan0/speed`]: "-1\n",
        [`${net}/wwan0/type`]: "65534\n",
        [`${net}/wwan0/uevent`]: "DEVTYPE=wwan\nINTERFACE=wwan0\n",
        [`${net}/wwan0/operstate`]: "unknown\n",
        [`${net}/wwan0/carrier`]: "1\n",
        [`${net}/bonding_masters`]: "bond0\n",
      },
      folders: [`${net}/wlan0/wireless`],
      links: { [`${net}/br0`]: "../../devices/virtual/net/br0", [`${net}/eth0`]: pci },
    });
    expect(network).toEqual([
      { name: "eth0", kind: "ethernet", isUp: true, speedMbps: 1000 },
      { name: "wlan0", kind: "wifi", isUp: false, speedMbps: undefined },
      { name: "wwan0", kind: "cellular", isUp: true, speedMbps: undefined },
      { name: "br0", kind: "virtual", isUp: true, speedMbps: undefined },
    ]);
  });

  test("of nothing but the loopback is an absence", async () => {
    const found = await networkOf({ files: { [`${net}/lo/type`]: "772" } });
    expect(found).toMatchObject({ absences: [{ about: "network", code: "not-present" }] });
  });

  test("is bounded", async () => {
    const files = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`${net}/v${at}/type`, "1"]));
    expect((await networkOf({ files })).network).toHaveLength(64);
  });
});

describe("inference runtimes", () => {
  test("have the most exact version of their libraries' names", async () => {
    const lib = "/usr/lib/aarch64-linux-gnu";
    const names = ["libnvinfer.so.8", "libnvinfer.so.8.6.2", "libonnxruntime.so.1.20.1", "libonnxruntime.so"];
    const files = Object.fromEntries([...names, "libopenvino.so"].map((name) => [`${lib}/${name}`, ""]));
    const { frameworks } = await probeFrameworks(
      boardMachine({ files: { ...files, "/usr/local/lib/libonnxruntime.so.1.9.0": "" } }),
    );
    expect(frameworks).toEqual({ onnx: "1.20.1", tensorrt: "8.6.2", openvino: "unknown" });
  });

  test("with a version that is none are unknown", async () => {
    const files = { "/usr/lib/libcudart.so.12\u001b[2J": "" };
    expect((await probeFrameworks(boardMachine({ files }))).frameworks).toEqual({ cuda: "unknown" });
  });
});

describe("the sandbox", () => {
  test("has an absence for each layer that is missing, with its reason", async () => {
    const sandbox = { seccomp: true, cgroup: false, reasons: ["no cgroup\nis ours"] };
    const found = await probeSandbox(boardMachine({ sandbox }));
    expect(found.absences).toMatchObject([{ about: "sandbox.cgroup", detail: "no cgroup is ours" }]);
    const none = await probeSandbox(
      boardMachine({ sandbox: { seccomp: false, cgroup: false, reasons: [] } }),
    );
    expect(none.absences?.map(({ about }) => about)).toEqual(["sandbox.seccomp", "sandbox.cgroup"]);
    expect(none.absences?.[0]?.detail).toMatch(/seccomp/);
  });

  test("has the mend for a Raspberry Pi, whose firmware switches the memory controller off", async () => {
    const reasons = ["The kernel's memory controller for cgroups is switched off."];
    const found = await probeSandbox(boardMachine({ sandbox: { seccomp: true, cgroup: false, reasons } }));
    expect(found.absences?.[0]?.mend).toContain("cgroup_enable=memory");
  });
});
