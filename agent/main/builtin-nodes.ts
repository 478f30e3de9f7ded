// The built-in nodes: ours, prepared when the program was built.
import { builtinNodes } from "../../dist/nodes/index.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import type { Preparation } from "../sandbox/prepare/prepare-module.ts";

/** In alphabetical order. */
export function builtinDescriptors(): readonly NodeDescriptor[] {
  return [...builtinNodes.values()].map((node) => node.descriptor);
}

/** A built-in node's module, ready to run: nothing of it is parsed again. */
export function builtinModule(type: string): Preparation {
  const node = builtinNodes.get(type);
  if (node === undefined) throw new RemoteMediaError("internal", `there is no built-in node ${type}`);
  return node.preparation();
}
