// The built-in nodes: ours, prepared when the program was built.
import { builtinNodes } from "../../dist/nodes/index.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import { type Preparation, prepareModule } from "../sandbox/prepare/prepare-module.ts";

/** By name, in alphabetical order. */
export function builtinDescriptors(): readonly NodeDescriptor[] {
  return [...builtinNodes.values()].map((node) => node.descriptor);
}

/** A built-in node's module, ready to run. No child is needed for that: the bytes are ours. */
export async function builtinModule(type: string): Promise<Preparation> {
  const node = builtinNodes.get(type);
  if (node === undefined) throw new RemoteMediaError("internal", `there is no built-in node ${type}`);
  return prepareModule(node.component(), () => {
    throw new RemoteMediaError("internal", `the built-in node ${type} can't be entered directly`);
  });
}
