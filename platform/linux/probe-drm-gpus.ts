// GPUs by DRM and by ARM's own driver: AMD, Intel, VideoCore, Mali, virtual and plain display ones. NVIDIA's driver is asked elsewhere.
import type { Absence, GpuFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import { type ComputeRuntimes, computesWith, findRuntimes } from "./compute-runtimes.ts";
import { type DrmCard, readDrmCards } from "./drm-card.ts";
import { drmName } from "./drm-name.ts";
import type { Findings } from "./findings.ts";
import { lineOf, plausibleBytes, readLine, readNumber, readStrings } from "./read-value.ts";

const mostCards = 32;
/** Asked by nvidia-smi, or by the Jetson's own probe. */
const askedElsewhere = /^(nvidia|tegra)/;
/** Pictures in memory, with no hardware of their own. */
const hardwareless = /^(simple_framebuffer|simpledrm|simple_drm|efi_framebuffer|vesadrm|vkms|vgem|evdi|udl)$/;
/** Display controllers of boards whose GPU is a card of its own. */
const displayOnly: Readonly<Record<string, readonly string[]>> = {
  v3d: ["vc4", "vc4_drm", "drm_rp1_dsi", "drm_rp1_dpi", "drm_rp1_vec", "rp1_dsi", "rp1_dpi", "rp1_vec"],
  panfrost: ["rockchip_drm", "sun4i_drm", "meson_drm", "mediatek_drm", "display_subsystem"],
  panthor: ["rockchip_drm", "mediatek_drm", "display_subsystem"],
  lima: ["rockchip_drm", "sun4i_drm", "meson_drm", "display_subsystem"],
  etnaviv: ["imx_drm", "mxsfb", "imx_dcss", "display_subsystem"],
};

/** Every GPU that isn't NVIDIA's driver's, with a reason where one could compute and may not. */
export async function probeDrmGpus(machine: Machine): Promise<Findings> {
  const [cards, runtimes, mali, tree] = await Promise.all([
    readDrmCards(machine, mostCards),
    findRuntimes(machine),
    machine.deviceNode("/dev/mali0"),
    readStrings(machine, "/proc/device-tree/compatible"),
  ]);
  const found = await Promise.all(
    cards.filter((card) => isGpu(card, cards)).map((card) => describe(machine, card, runtimes, tree)),
  );
  if (mali !== undefined) found.push(await describeMali(machine, mali.isAccessible, runtimes));
  return { gpus: found.map(({ gpu }) => gpu), absences: found.flatMap(({ absences }) => absences) };
}

function isGpu({ driver }: DrmCard, cards: readonly DrmCard[]): boolean {
  if (askedElsewhere.test(driver) || hardwareless.test(driver)) return false;
  return !cards.some((other) => {
    const displays = Object.hasOwn(displayOnly, other.driver) ? displayOnly[other.driver] : undefined;
    return displays?.includes(driver) ?? false;
  });
}

interface Description {
  readonly gpu: GpuFacts;
  readonly absences: readonly Absence[];
}

async function describe(
  machine: Machine,
  card: DrmCard,
  runtimes: ComputeRuntimes,
  tree: readonly string[],
): Promise<Description> {
  const { driver, renderPath, renderNode } = card;
  const { vendor, model, isMemoryShared } = drmName(card, tree);
  const readable = renderNode === undefined || renderNode.isAccessible;
  const plain = computesWith(driver, runtimes);
  const amd = driver === "amdgpu" ? await describeAmd(machine, card) : undefined;
  const able = amd?.hasRocm ? "rocm" : plain;
  const isBarred = able !== "none" && renderPath !== undefined && !readable;
  const gpu: GpuFacts = {
    type: isBarred || (renderNode === undefined && able !== "rocm") ? "none" : able,
    vendor,
    model,
    memoryBytes: amd?.memoryBytes,
    freeMemoryBytes: amd?.freeMemoryBytes,
    isMemoryShared: amd?.isMemoryShared ?? isMemoryShared,
    driver,
  };
  const isMissing =
    able !== "none" && able !== "rocm" && renderPath !== undefined && renderNode === undefined;
  const absences = [
    ...(amd?.absences ?? []),
    ...(isBarred ? [barred(renderPath)] : []),
    ...(isMissing ? [missing(renderPath)] : []),
  ];
  return { gpu, absences };
}

function barred(path: string): Absence {
  const mend = "Add the user to the group render: sudo usermod -aG render $USER, then log in anew";
  return { about: "gpu", code: "no-permission", detail: `${path} may not be opened by this user.`, mend };
}

/** A container that wasn't given it. */
function missing(path: string): Absence {
  const detail = `The kernel has ${path}, but it isn't in /dev.`;
  return {
    about: "gpu",
    code: "not-present",
    detail,
    mend: "In a container: start it with --device /dev/dri",
  };
}

/** @see https://docs.kernel.org/gpu/amdgpu/driver-misc.html */
async function describeAmd(machine: Machine, { folder }: DrmCard) {
  const [memoryBytes, used, maker, kfd] = await Promise.all([
    readNumber(machine, `${folder}/mem_info_vram_total`, plausibleBytes),
    readNumber(machine, `${folder}/mem_info_vram_used`, { ...plausibleBytes, min: 0 }),
    readLine(machine, `${folder}/mem_info_vram_vendor`),
    machine.deviceNode("/dev/kfd"),
  ]);
  const isKnown = memoryBytes !== undefined && used !== undefined && used <= memoryBytes;
  return {
    memoryBytes,
    freeMemoryBytes: isKnown ? memoryBytes - used : undefined,
    // Memory chips of its own have a maker; a share of the machine's has none.
    isMemoryShared: maker === "unknown",
    hasRocm: kfd?.isAccessible ?? false,
    absences: kfd !== undefined && !kfd.isAccessible ? [barred("/dev/kfd")] : [],
  };
}

/** ARM's own driver doesn't show in DRM. `gpuinfo` is such as "Mali-G610 4 cores r0p0 0xA8670000". */
async function describeMali(
  machine: Machine,
  isAccessible: boolean,
  runtimes: ComputeRuntimes,
): Promise<Description> {
  const info = await readLine(machine, "/sys/class/misc/mali0/device/gpuinfo");
  const able = computesWith("mali", runtimes);
  const gpu: GpuFacts = {
    type: isAccessible ? able : "none",
    vendor: "ARM",
    model: lineOf(info?.match(/^Mali-[A-Z0-9]{1,12}/)?.[0]) ?? "Mali",
    memoryBytes: undefined,
    freeMemoryBytes: undefined,
    isMemoryShared: true,
    driver: "mali",
  };
  return { gpu, absences: isAccessible || able === "none" ? [] : [barred("/dev/mali0")] };
}
