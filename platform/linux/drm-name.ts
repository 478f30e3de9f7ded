// Vendor and model of a DRM card: by its numbers on PCI, or by its driver and the device tree.
import type { DrmCard } from "./drm-card.ts";
import { pciName } from "./pci-names.ts";
import { lineOf } from "./read-value.ts";

export interface DrmName {
  readonly vendor: string;
  readonly model: string;
  /** Whether it uses the machine's memory, as far as the kind of card tells. */
  readonly isMemoryShared: boolean;
}

/** By kernel driver; each of these is part of a system on a chip, or virtual. */
const byDriver: Readonly<Record<string, { readonly vendor: string; readonly model: string }>> = {
  adreno: { vendor: "Qualcomm", model: "Adreno" },
  asahi: { vendor: "Apple", model: "AGX" },
  etnaviv: { vendor: "Vivante", model: "GC" },
  hyperv_drm: { vendor: "Microsoft", model: "Hyper-V display" },
  lima: { vendor: "ARM", model: "Mali" },
  msm: { vendor: "Qualcomm", model: "Adreno" },
  panfrost: { vendor: "ARM", model: "Mali" },
  panthor: { vendor: "ARM", model: "Mali" },
  powervr: { vendor: "Imagination", model: "PowerVR" },
  virtio_gpu: { vendor: "virtio", model: "GPU" },
};

/** Intel's cards with memory of their own: DG1, Arc Alchemist and Battlemage. */
const intelCards = /^8086:(490[5-9]|56[0-9a-f]{2}|e2[0-9a-f]{2})$/;

/** `tree` is the whole board's `compatible`: it tells which VideoCore a Raspberry Pi has. */
export function drmName({ driver, pciId, compatible }: DrmCard, tree: readonly string[]): DrmName {
  if (driver === "v3d" || driver.startsWith("vc4")) {
    return { vendor: "Broadcom", model: videoCore(driver, tree), isMemoryShared: true };
  }
  const known = Object.hasOwn(byDriver, driver) ? byDriver[driver] : undefined;
  if (known !== undefined) {
    return { vendor: known.vendor, model: exactModel(known.model, compatible), isMemoryShared: true };
  }
  if (pciId === undefined) return { vendor: "unknown", model: driver, isMemoryShared: true };
  const isShared = pciId.startsWith("8086:") && !intelCards.test(pciId);
  return { ...pciName(pciId), isMemoryShared: isShared };
}

/** @see https://www.raspberrypi.com/documentation/computers/processors.html */
function videoCore(driver: string, tree: readonly string[]): string {
  if (tree.includes("brcm,bcm2712")) return "VideoCore VII";
  if (tree.includes("brcm,bcm2711")) return "VideoCore VI";
  return driver === "v3d" ? "VideoCore" : "VideoCore IV";
}

/** "arm,mali-t860" and "arm,mali-400" name the model; "arm,mali-bifrost" names the family. */
function exactModel(model: string, compatible: readonly string[]): string {
  if (model !== "Mali") return model;
  const names = compatible.map(
    (name) => name.match(/mali-([a-z]?[0-9]{2,4}[a-z]{0,2}|[a-z]{4,12})(?:-csf)?$/)?.[1],
  );
  const exact = names.find((name) => name !== undefined && /[0-9]/.test(name));
  const family = names.find((name) => name !== undefined);
  if (exact !== undefined) return `Mali-${exact.toUpperCase()}`;
  const told = lineOf(family);
  return told === undefined ? model : `Mali (${told[0]?.toUpperCase()}${told.slice(1)})`;
}
