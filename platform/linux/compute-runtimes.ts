// Which computing runtimes are installed for a kind of GPU: what their loaders would find.
import type { Machine } from "../contract/machine.ts";

/** Names of installed drivers, as the loaders' files are called. */
export interface ComputeRuntimes {
  readonly vulkan: readonly string[];
  readonly opencl: readonly string[];
}

/** @see https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md
 * @see https://github.com/KhronosGroup/OpenCL-ICD-Loader */
export async function findRuntimes(machine: Machine): Promise<ComputeRuntimes> {
  const [shared, own, opencl] = await Promise.all([
    machine.list("/usr/share/vulkan/icd.d"),
    machine.list("/etc/vulkan/icd.d"),
    machine.list("/etc/OpenCL/vendors"),
  ]);
  return {
    vulkan: [...shared, ...own].filter((name) => name.endsWith(".json")),
    opencl: opencl.filter((name) => name.endsWith(".icd")),
  };
}

/** By kernel driver: how the files of its runtimes begin. Software renderers (lavapipe, pocl) are in none, nor is Mesa's rusticl,
 * which is installed for every GPU and off until somebody turns it on. */
const files: Readonly<Record<string, { readonly vulkan?: RegExp; readonly opencl?: RegExp }>> = {
  amdgpu: { vulkan: /^(radeon|amd)_?icd/, opencl: /^amdocl/ },
  asahi: { vulkan: /^asahi_icd/ },
  etnaviv: {},
  i915: { vulkan: /^intel_icd/, opencl: /^intel/ },
  lima: {},
  mali: { vulkan: /^(mali|arm)/, opencl: /^(mali|arm|libmali)/ },
  msm: { vulkan: /^freedreno_icd/ },
  nouveau: { vulkan: /^nouveau_icd/ },
  panfrost: { vulkan: /^panfrost_icd/ },
  panthor: { vulkan: /^panfrost_icd/ },
  powervr: { vulkan: /^powervr_/ },
  v3d: { vulkan: /^broadcom_icd/ },
  virtio_gpu: { vulkan: /^virtio_icd/ },
  xe: { vulkan: /^intel_icd/, opencl: /^intel/ },
};

/** What a GPU of this kernel driver computes with, by what is installed; "none" where nothing is. */
export function computesWith(driver: string, runtimes: ComputeRuntimes): "vulkan" | "opencl" | "none" {
  const { vulkan, opencl } = (Object.hasOwn(files, driver) ? files[driver] : undefined) ?? {};
  if (vulkan !== undefined && runtimes.vulkan.some((name) => vulkan.test(name))) return "vulkan";
  if (opencl !== undefined && runtimes.opencl.some((name) => opencl.test(name))) return "opencl";
  return "none";
}
