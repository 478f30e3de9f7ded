// What lies beside a manifest's modules: their descriptors.
import { join } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { descriptorPaths } from "../manifest/descriptor-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { parseNodeDescriptor } from "../manifest/parse-descriptor.ts";
import { anonymousDescriptor, type NodeDescriptor } from "../node/descriptor.ts";
import { type PipelineFolder, readInFolder } from "./pipeline-folder.ts";

/** What lies beside each module: its own `NAME.node.json`, else the folder's `node.json`, else what a module without one is. */
export async function readDescriptors(
  manifest: Manifest,
  folder: PipelineFolder,
): Promise<Map<string, NodeDescriptor>> {
  const descriptors = new Map<string, NodeDescriptor>();
  for (const [type, module] of Object.entries(manifest.modules)) {
    let descriptor: NodeDescriptor | undefined;
    for (const path of descriptorPaths(module.path)) {
      descriptor ??= await readDescriptor(folder, path);
    }
    descriptors.set(type, descriptor ?? anonymousDescriptor(type));
  }
  return descriptors;
}

const maxDescriptorBytes = 1024 * 1024;

async function readDescriptor(folder: PipelineFolder, path: string): Promise<NodeDescriptor | undefined> {
  const found = await readInFolder(folder, path, maxDescriptorBytes);
  const file = join(folder.path, path);
  if (found.kind === "file") return parseNodeDescriptor(new TextDecoder().decode(found.bytes), file);
  if (found.kind === "absent") return undefined;
  throw new RemoteMediaError("node-descriptor-invalid", `${path} is ${found.reason}`, { where: { file } });
}
