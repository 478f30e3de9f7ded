// A manifest with a source node more, in front of an input that nothing feeds.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeCatalog } from "./catalog.ts";
import { quote } from "./json-path.ts";
import type { Manifest } from "./manifest.ts";
import { manifestNodeSchema } from "./node-schema.ts";
import type { OpenInput, PortReference } from "./resolved.ts";

/** The inputs of nodes that no connection leads to, as far as their types are known. */
export function listFreeInputs(manifest: Manifest, catalog: NodeCatalog): OpenInput[] {
  const fed = new Set(manifest.connections.map(({ to }) => to));
  return manifest.nodes
    .filter(({ id }) => !fed.has(id))
    .flatMap(({ id, node_type }) =>
      Object.entries(catalog.lookup(node_type)?.descriptor.inputs ?? {}).map(
        ([port, { kinds, required }]) => ({ node: id, port, kinds, required }),
      ),
    );
}

export interface AddedSource {
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The output that is connected. */
  readonly output: string;
  /** The option that asked for it, for errors. */
  readonly option: string;
}

/** A copy with a node `live-<node>` (or `live-<node>-<port>` where that is taken), connected to the input. Throws RemoteMediaError
 * `usage` where both names are taken. */
export function addSource(manifest: Manifest, to: PortReference, source: AddedSource): Manifest {
  const taken = new Set(manifest.nodes.map(({ id }) => id));
  const id = [`live-${to.node}`, `live-${to.node}-${to.port}`].find((name) => !taken.has(name));
  if (id === undefined) {
    throw new RemoteMediaError(
      "usage",
      `${source.option}: the manifest has a node ${quote(`live-${to.node}`)} already`,
    );
  }
  const node = manifestNodeSchema.parse({ id, node_type: source.type, params: source.params });
  const connection = { from: id, from_port: source.output, to: to.node, to_port: to.port };
  const [firstNode, firstConnection] = [manifest.nodes.length, manifest.connections.length];
  return {
    ...manifest,
    nodes: [...manifest.nodes, node],
    connections: [...manifest.connections, connection],
    where: (path, at) => {
      const isAdded =
        (path[0] === "nodes" && path[1] === firstNode) ||
        (path[0] === manifest.connectionsField && path[1] === firstConnection);
      return isAdded ? { path: source.option } : manifest.where(path, at);
    },
  };
}
