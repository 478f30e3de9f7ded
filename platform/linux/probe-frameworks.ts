// Inference runtimes that lie in the well-known library folders, by the names and versions of their shared libraries.
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { listLibraries } from "./library-folders.ts";

/** Frameworks as manifests name them, and the library that is in every installation of one. */
const libraries: readonly (readonly [string, RegExp])[] = [
  ["onnx", /^libonnxruntime\.so(?:\.(.*))?$/],
  ["tensorrt", /^libnvinfer\.so(?:\.(.*))?$/],
  ["cuda", /^libcudart\.so(?:\.(.*))?$/],
  ["openvino", /^libopenvino\.so(?:\.(.*))?$/],
  ["tflite", /^libtensorflow-?lite(?:_c)?\.so(?:\.(.*))?$/],
];

/** Versions by framework; "unknown" where no file name has one. */
export async function probeFrameworks(machine: Machine): Promise<Findings> {
  const files = await listLibraries(machine);
  const frameworks: Record<string, string> = {};
  for (const [name, pattern] of libraries) {
    const versions = [...files.keys()].flatMap((file) => {
      const match = pattern.exec(file);
      return match ? [match[1] ?? ""] : [];
    });
    if (versions.length > 0) frameworks[name] = bestVersion(versions);
  }
  return { frameworks };
}

/** The most exact of "1", "1.20" and "1.20.1", which are links to one another; of several that are as exact, the newest. */
function bestVersion(versions: readonly string[]): string {
  const sound = versions.filter((version) => /^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$/.test(version));
  const partsOf = (version: string) => version.split(".").map(Number);
  const best = sound.reduce<string | undefined>((so, version) => {
    return so === undefined || isBetter(partsOf(version), partsOf(so)) ? version : so;
  }, undefined);
  return best ?? "unknown";
}

function isBetter(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return a.length > b.length;
  const index = a.findIndex((part, at) => part !== b[at]);
  return index >= 0 && (a[index] ?? 0) > (b[index] ?? 0);
}
