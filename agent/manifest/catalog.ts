// The node types that a manifest may name: what is built in, and what the manifest brings along.
import type { NodeDescriptor } from "../node/descriptor.ts";

export interface CatalogEntry {
  readonly descriptor: NodeDescriptor;
  /** `wasm` runs in a sandbox child; `native` is the machine's own (sources, sinks, inference). */
  readonly runtime: "wasm" | "native";
  /** Whose code it is: ours, or the manifest's. */
  readonly trust: "builtin" | "module";
}

export interface NodeCatalog {
  lookup(type: string): CatalogEntry | undefined;
  names(): Iterable<string>;
}

/** Puts a catalog together. `modules` are the descriptors of the manifest's `modules`, by node type: read from the node.json beside each,
 * or `anonymousDescriptor(type)` where there is none. A module stands in for a built-in node of its name, so that a new built-in
 * never changes what an old manifest means. */
export function buildCatalog(
  builtins: Iterable<NodeDescriptor>,
  modules: ReadonlyMap<string, NodeDescriptor> = new Map(),
  natives: Iterable<NodeDescriptor> = [],
): NodeCatalog {
  const entries = new Map<string, CatalogEntry>();
  for (const descriptor of builtins)
    entries.set(descriptor.name, { descriptor, runtime: "wasm", trust: "builtin" });
  for (const descriptor of natives)
    entries.set(descriptor.name, { descriptor, runtime: "native", trust: "builtin" });
  for (const [type, descriptor] of modules)
    entries.set(type, { descriptor, runtime: "wasm", trust: "module" });
  return { lookup: (type) => entries.get(type), names: () => entries.keys() };
}
