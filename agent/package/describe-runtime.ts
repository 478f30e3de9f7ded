// meta/runtime.json of an unpacked package: which package the folder is, and what running it takes. The same package gives the same bytes.
import type { VerifiedPackage } from "./verify-package.ts";

/** `{version, digest, name, config{…}, layers[{path, media_type, digest, size, base?}], total_bytes, needs{node: capabilities}, grants{node: grants}}`. */
export function describeRuntime({ manifest, name, config }: VerifiedPackage): Uint8Array {
  const nodes = nodesOf(config);
  const document = {
    version: 1,
    digest: manifest.descriptor.digest,
    name,
    config: { digest: manifest.config.digest, size: manifest.config.size },
    layers: manifest.layers.map(({ path, descriptor, base }) => ({
      path,
      media_type: descriptor.mediaType,
      digest: descriptor.digest,
      size: descriptor.size,
      ...(base === undefined ? {} : { base }),
    })),
    total_bytes: manifest.layers.reduce((sum, { descriptor }) => sum + descriptor.size, manifest.config.size),
    needs: byNode(nodes, "capabilities"),
    grants: byNode(nodes, "grants"),
  };
  return new TextEncoder().encode(`${JSON.stringify(document, undefined, 2)}\n`);
}

type WrittenNode = Readonly<Record<string, unknown>>;

/** The manifest was held to its digest and is JSON; whether it fits its schema is found out when it is loaded. */
function nodesOf(config: Uint8Array): readonly WrittenNode[] {
  const { nodes } = JSON.parse(new TextDecoder().decode(config));
  if (!Array.isArray(nodes)) return [];
  return nodes.filter((node) => typeof node === "object" && node !== null && typeof node.id === "string");
}

function byNode(nodes: readonly WrittenNode[], field: string): Record<string, unknown> {
  const having = nodes.filter((node) => node[field] !== undefined);
  return Object.fromEntries(having.map((node) => [node["id"], node[field]]));
}
