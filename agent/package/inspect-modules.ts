// The modules of a package: what they import, and the node.json beside them.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { descriptorPaths } from "../manifest/descriptor-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parseNodeDescriptor } from "../manifest/parse-descriptor.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import { collectBlob } from "./collect-blob.ts";
import type { InspectedModule, InspectedProblem } from "./inspection.ts";
import { maxConfigBytes, type PackageLayer } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";

export interface ModuleQuestions {
  /** Looks into a component, whose bytes are attacker-controlled: in a confined child. */
  readonly describeModule?:
    | ((bytes: Uint8Array) => Promise<{ readonly imports: readonly string[] }>)
    | undefined;
  /** Larger modules aren't looked into (default 64 MiB). */
  readonly maxModuleBytes?: number | undefined;
}

/** A module that can't be read or understood is listed with its problem; one that isn't what its digest says ends the inspection. */
export async function inspectModules(
  source: PackageSource,
  pipeline: Manifest,
  questions: ModuleQuestions,
): Promise<readonly InspectedModule[]> {
  const modules: InspectedModule[] = [];
  for (const layer of source.manifest.layers) {
    if (layer.kind !== "wasm" && layer.kind !== "python") continue;
    const { path, descriptor } = layer;
    const types = Object.entries(pipeline.modules).filter(([, module]) => module.path === path);
    modules.push({
      path,
      media_type: descriptor.mediaType,
      size: descriptor.size,
      digest: descriptor.digest,
      node_types: types.map(([type]) => type),
      ...(layer.kind === "wasm" ? await lookInto(source, layer, questions) : {}),
    });
  }
  return modules;
}

async function lookInto(
  source: PackageSource,
  { path, descriptor }: PackageLayer,
  { describeModule, maxModuleBytes = 64 * 1024 * 1024 }: ModuleQuestions,
): Promise<Pick<InspectedModule, "imports" | "problem">> {
  if (describeModule === undefined) return {};
  if (descriptor.size > maxModuleBytes) {
    return { problem: { code: "module-too-complex", message: `larger than ${maxModuleBytes} bytes` } };
  }
  const bytes = await collectBlob(descriptor, source.read(descriptor), path, maxModuleBytes);
  try {
    const { imports } = await describeModule(bytes);
    return { imports: imports.map((name) => printable(name, 255)) };
  } catch (thrown) {
    return { problem: describeProblem(thrown) };
  }
}

/** The node.json of each module that has one in the package, by node type.
 * @throws RemoteMediaError `node-descriptor-invalid`, `digest-mismatch` */
export async function readDescriptors(
  source: PackageSource,
  pipeline: Manifest,
): Promise<ReadonlyMap<string, NodeDescriptor>> {
  const descriptors = new Map<string, NodeDescriptor>();
  for (const [type, module] of Object.entries(pipeline.modules)) {
    const layer = descriptorPaths(module.path)
      .map((path) => source.manifest.layers.find((one) => one.path === path && one.kind === "descriptor"))
      .find((one) => one !== undefined);
    if (layer === undefined) continue;
    const { path, descriptor } = layer;
    const bytes = await collectBlob(descriptor, source.read(descriptor), path, maxConfigBytes);
    descriptors.set(type, parseNodeDescriptor(new TextDecoder().decode(bytes), path));
  }
  return descriptors;
}

/** An error of ours as inspections list it. What isn't one goes on as it is. */
export function describeProblem(thrown: unknown): InspectedProblem {
  if (!(thrown instanceof RemoteMediaError)) throw thrown;
  return { code: thrown.code, message: printable(thrown.message, 1024) };
}
