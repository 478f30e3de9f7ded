// Where shared libraries lie, and which of them are there.
import type { Machine } from "../contract/machine.ts";

const folders = [
  "/usr/lib",
  "/usr/lib64",
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu/nvidia",
  "/usr/lib/aarch64-linux-gnu/tegra",
  "/usr/lib/arm-linux-gnueabihf",
  "/usr/local/lib",
  "/usr/local/lib64",
  "/usr/local/cuda/lib64",
  "/usr/local/cuda/targets/x86_64-linux/lib",
  "/usr/local/cuda/targets/aarch64-linux/lib",
  "/usr/local/onnxruntime/lib",
  "/opt/onnxruntime/lib",
  "/opt/intel/openvino/runtime/lib/intel64",
  "/opt/intel/openvino/runtime/lib/aarch64",
  "/opt/rocm/lib",
];

/** Names of all files in the well-known library folders, with the first folder that has each. Other places that a dynamic linker
 * may be told of aren't looked at. */
export async function listLibraries(machine: Machine): Promise<ReadonlyMap<string, string>> {
  const lists = await Promise.all(folders.map((folder) => machine.list(folder)));
  const found = new Map<string, string>();
  for (const [index, folder] of folders.entries()) {
    for (const name of lists[index] ?? []) {
      if (name.includes(".so") && !found.has(name)) found.set(name, folder);
    }
  }
  return found;
}
