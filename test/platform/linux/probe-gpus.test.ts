// GPUs by nvidia-smi, NVIDIA's kernel driver, PCI and DRM, and why one doesn't compute.
import { describe, expect, test } from "vitest";
import type { Answer } from "../../../platform/contract/machine.ts";
import { nvidiaQuery } from "../../../platform/linux/nvidia-codecs.ts";
import { probeDrmGpus } from "../../../platform/linux/probe-drm-gpus.ts";
import { probeNvidia } from "../../../platform/linux/probe-nvidia.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";

const query = ["nvidia-smi", ...nvidiaQuery].join(" ");
const absent: Answer<string> = { ok: false, code: "not-present", detail: "nvidia-smi isn't installed" };
const hung: Answer<string> = { ok: false, code: "timed-out", detail: "no answer" };

const nvidiaOf = (answer: string | Answer<string>, record: BoardRecord = {}) => {
  const machine = boardMachine({ ...record, programs: { [query]: answer } });
  return probeNvidia(machine, machine.run("nvidia-smi", nvidiaQuery), 1000);
};

const driverFiles = {
  "/proc/driver/nvidia/version":
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version: gcc 12\n",
  "/proc/driver/nvidia/gpus/0000:01:00.0/information":
    "Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 16\nGPU UUID: \t GPU-????\n",
};

describe("NVIDIA's GPUs", () => {
  test("are what nvidia-smi lists", async () => {
    const { gpus, absences } = await nvidiaOf("NVIDIA GeForce RTX 3060, 12288, 11911, 550.54.14, 8.6\n");
    expect(absences).toBeUndefined();
    expect(gpus).toEqual([
      {
        type: "cuda",
        vendor: "NVIDIA",
        model: "GeForce RTX 3060",
        memoryBytes: 12288 * 2 ** 20,
        freeMemoryBytes: 11911 * 2 ** 20,
        isMemoryShared: false,
        driver: "nvidia 550.54.14",
      },
    ]);
  });

  test("without memory of their own share the machine's", async () => {
    const { gpus } = await nvidiaOf("Orin (nvgpu), [N/A], [N/A], 540.4.0, 8.7\n");
    expect(gpus).toMatchObject([{ memoryBytes: undefined, isMemoryShared: true, model: "Orin (nvgpu)" }]);
  });

  test("with more free than there is have an unknown share free", async () => {
    const { gpus } = await nvidiaOf("NVIDIA A2, 16384, 99999, 550.54.14, 8.6\n");
    expect(gpus).toMatchObject([{ memoryBytes: 16384 * 2 ** 20, freeMemoryBytes: undefined }]);
  });

  test("are none by garbage", async () => {
    const garbage = [
      "No devices were found\n",
      "a, b, c\n",
      "x, 1e99, NaN, 5, 8.6.1\n",
      "\0, 1, 1, 1, 1.0\n",
      "",
    ];
    for (const text of garbage) expect(await nvidiaOf(text)).toEqual({ absences: [] });
  });

  test("without nvidia-smi are what the kernel's driver shows, and compute where CUDA's library is", async () => {
    const files = { ...driverFiles, "/usr/lib/x86_64-linux-gnu/libcuda.so.1": "" };
    const { gpus, absences } = await nvidiaOf(absent, { files });
    expect(gpus).toMatchObject([{ type: "cuda", model: "GeForce RTX 3060", driver: "nvidia 550.54.14" }]);
    expect(absences).toEqual([]);
    const bare = await nvidiaOf(absent, { files: driverFiles });
    expect(bare.gpus).toMatchObject([{ type: "none" }]);
    expect(bare.absences).toMatchObject([{ about: "gpu", code: "not-supported" }]);
  });

  test("whose nvidia-smi hangs don't compute, and the absence says so", async () => {
    const files = { ...driverFiles, "/usr/lib/libcuda.so.1": "" };
    const { gpus, absences } = await nvidiaOf(hung, { files });
    expect(gpus).toMatchObject([{ type: "none", model: "GeForce RTX 3060" }]);
    expect(absences).toMatchObject([{ about: "gpu", code: "timed-out" }]);
  });

  test("that no driver of NVIDIA's has are absent, by the card on PCI", async () => {
    const card = "/sys/bus/pci/devices/0000:01:00.0";
    const pci = { [`${card}/vendor`]: "0x10de\n", [`${card}/device`]: "0x2504\n" };
    const display = { ...pci, [`${card}/class`]: "0x030000\n" };
    const { gpus, absences } = await nvidiaOf(absent, { files: display });
    expect(gpus).toBeUndefined();
    expect(absences).toMatchObject([{ about: "gpu", code: "not-supported" }]);
    expect(absences?.[0]?.detail).toContain("10de:2504");
    const lent = { files: display, links: { [`${card}/driver`]: "../../drivers/vfio-pci" } };
    const folders = ["/sys/bus/pci/drivers/vfio-pci"];
    expect((await nvidiaOf(absent, { ...lent, folders })).absences).toMatchObject([{ code: "busy" }]);
    const sound = { ...pci, [`${card}/class`]: "0x040300\n" };
    expect(await nvidiaOf(absent, { files: sound })).toEqual({ absences: [] });
  });
});

const render = "/dev/dri/renderD128";
/** A card with a render node. */
const drm = (uevent: string, more: BoardRecord = {}, name = "card0"): BoardRecord => ({
  ...more,
  files: { [`/sys/class/drm/${name}/device/uevent`]: uevent, ...more.files },
  folders: [`/sys/class/drm/${name}/device/drm/renderD128`, ...(more.folders ?? [])],
  nodes: { [render]: {}, ...more.nodes },
});
const drmOf = (record: BoardRecord) => probeDrmGpus(boardMachine(record));
const intelIcd = { "/usr/share/vulkan/icd.d/intel_icd.x86_64.json": "{}" };

describe("GPUs of DRM", () => {
  test("of Intel compute by the runtime that is installed, in the machine's memory", async () => {
    const uevent = "DRIVER=i915\nPCI_ID=8086:46A6\n";
    const gpu = { vendor: "Intel", model: "Iris Xe Graphics", isMemoryShared: true, driver: "i915" };
    expect((await drmOf(drm(uevent))).gpus).toMatchObject([{ ...gpu, type: "none" }]);
    expect((await drmOf(drm(uevent, { files: intelIcd }))).gpus).toMatchObject([{ ...gpu, type: "vulkan" }]);
    const opencl = { "/etc/OpenCL/vendors/intel.icd": "libigdrcl.so\n" };
    expect((await drmOf(drm(uevent, { files: opencl }))).gpus).toMatchObject([{ ...gpu, type: "opencl" }]);
  });

  test("don't compute by a renderer in software", async () => {
    const files = { "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json": "{}", "/etc/OpenCL/vendors/pocl.icd": "" };
    expect((await drmOf(drm("DRIVER=i915\n", { files }))).gpus).toMatchObject([{ type: "none" }]);
  });

  test("that this user may not open don't compute, and the mend is a group", async () => {
    const nodes = { [render]: { isAccessible: false, group: "render" } };
    const found = await drmOf(drm("DRIVER=i915\nPCI_ID=8086:46A6\n", { files: intelIcd, nodes }));
    expect(found.gpus).toMatchObject([{ type: "none" }]);
    expect(found.absences).toMatchObject([{ about: "gpu", code: "no-permission" }]);
    expect(found.absences?.[0]?.mend).toContain("usermod -aG render");
  });

  test("whose file only the kernel has don't compute, and the absence says so", async () => {
    const record = drm("DRIVER=i915\nPCI_ID=8086:46A6\n", { files: intelIcd });
    const { gpus, absences } = await drmOf({ ...record, nodes: {} });
    expect(gpus).toMatchObject([{ type: "none" }]);
    expect(absences).toEqual([
      {
        about: "gpu",
        code: "not-present",
        detail: "The kernel has /dev/dri/renderD128, but it isn't in /dev.",
        mend: "In a container: start it with --device /dev/dri",
      },
    ]);
    expect((await drmOf({ ...drm("DRIVER=i915\n"), nodes: {} })).absences).toEqual([]);
  });

  test("of AMD compute by ROCm where its file may be opened, and tell their memory", async () => {
    const device = "/sys/class/drm/card0/device";
    const files = {
      [`${device}/mem_info_vram_total`]: "17163091968\n",
      [`${device}/mem_info_vram_used`]: "163091968\n",
      [`${device}/mem_info_vram_vendor`]: "samsung\n",
    };
    const uevent = "DRIVER=amdgpu\nPCI_ID=1002:73BF\n";
    const { gpus } = await drmOf(drm(uevent, { files, nodes: { "/dev/kfd": {} } }));
    expect(gpus).toMatchObject([
      { type: "rocm", vendor: "AMD", memoryBytes: 17_163_091_968, freeMemoryBytes: 17_000_000_000 },
    ]);
    expect(gpus?.[0]?.isMemoryShared).toBe(false);
    const barred = await drmOf(drm(uevent, { files, nodes: { "/dev/kfd": { isAccessible: false } } }));
    expect(barred).toMatchObject({ gpus: [{ type: "none" }], absences: [{ code: "no-permission" }] });
  });

  test.each([
    ["brcm,bcm2712", "VideoCore VII"],
    ["brcm,bcm2711", "VideoCore VI"],
  ])("of a board with %s are one %s, not one for its display too", async (chip, model) => {
    const record = drm("DRIVER=v3d\nOF_COMPATIBLE_0=brcm,2711-v3d\n", {
      files: {
        "/proc/device-tree/compatible": `raspberrypi,board\0${chip}\0`,
        "/sys/class/drm/card1/device/uevent": "DRIVER=vc4-drm\n",
        "/usr/share/vulkan/icd.d/broadcom_icd.aarch64.json": "{}",
      },
    });
    expect((await drmOf(record)).gpus).toMatchObject([
      { type: "vulkan", vendor: "Broadcom", model, driver: "v3d" },
    ]);
  });

  test("of an older Raspberry Pi are its display's too", async () => {
    const files = { "/proc/device-tree/compatible": "raspberrypi,3-model-b-plus\0brcm,bcm2837\0" };
    const { gpus } = await drmOf(drm("DRIVER=vc4-drm\n", { files }));
    expect(gpus).toMatchObject([{ type: "none", model: "VideoCore IV" }]);
  });

  test("of ARM have the model that the device tree names", async () => {
    const t860 = drm(
      "DRIVER=panfrost\nOF_COMPATIBLE_0=rockchip,rk3399-mali\nOF_COMPATIBLE_1=arm,mali-t860\n",
    );
    expect((await drmOf(t860)).gpus).toMatchObject([{ vendor: "ARM", model: "Mali-T860" }]);
    const family = drm("DRIVER=panthor\nOF_COMPATIBLE_0=arm,mali-valhall-csf\n");
    expect((await drmOf(family)).gpus).toMatchObject([{ model: "Mali (Valhall)" }]);
  });

  test("of ARM's own driver aren't in DRM", async () => {
    const record: BoardRecord = {
      nodes: { "/dev/mali0": {} },
      files: {
        "/sys/class/misc/mali0/device/gpuinfo": "Mali-G610 4 cores r0p0 0xA8670000\n",
        "/etc/OpenCL/vendors/mali.icd": "libmali.so\n",
      },
    };
    expect((await drmOf(record)).gpus).toMatchObject([
      { type: "opencl", model: "Mali-G610", driver: "mali" },
    ]);
  });

  test("are neither NVIDIA's nor pictures in plain memory, and unknown ones have their numbers", async () => {
    for (const driver of ["nvidia", "nvidia-drm", "tegra-drm", "simple-framebuffer", "vkms"]) {
      expect((await drmOf(drm(`DRIVER=${driver}\n`))).gpus).toEqual([]);
    }
    const unknown = await drmOf(drm("DRIVER=i915\nPCI_ID=8086:FFFF\n"));
    expect(unknown.gpus).toMatchObject([{ vendor: "Intel", model: "pci 8086:ffff" }]);
  });
});
