// The ports at the pipeline's edge: what `--input` feeds and `--output` takes, and inputs that nothing feeds.
import { quote } from "./json-path.ts";
import type { Manifest } from "./manifest.ts";
import type { ProblemList } from "./problem-list.ts";
import { showPort } from "./resolve-connections.ts";
import type { OpenInput, OpenOutput, OpenPort, ResolvedConnection, ResolvedNode } from "./resolved.ts";

/** A node without any incoming connection is fed from outside: all its inputs are open. A node with one must have all its required
 * inputs connected, or it is reported. Outputs without a connection are open, those that
 * aren't required on request where their node has others that are connected. */
export function findOpenPorts(
  manifest: Manifest,
  nodes: readonly ResolvedNode[],
  connections: readonly ResolvedConnection[],
  problems: ProblemList,
): { readonly openInputs: OpenInput[]; readonly openOutputs: OpenOutput[] } {
  const fed = new Set(connections.map(({ to }) => showPort(to)));
  const drained = new Set(connections.map(({ from }) => showPort(from)));
  const feeders = new Map<string, string[]>();
  for (const { from, to } of connections)
    feeders.set(to.node, [...(feeders.get(to.node) ?? []), showPort(from)]);
  const openInputs: OpenInput[] = [];
  const openOutputs: OpenOutput[] = [];
  for (const node of nodes) {
    const feeding = feeders.get(node.id);
    for (const [port, { kinds, required }] of Object.entries(node.descriptor.inputs)) {
      const open = { node: node.id, port, kinds, required };
      if (feeding === undefined) openInputs.push(open);
      else if (required && !fed.has(showPort(open))) reportUnfed(manifest, node, open, feeding, problems);
    }
    const outputs = Object.entries(node.descriptor.outputs);
    const isDrained = (port: string) => drained.has(showPort({ node: node.id, port }));
    const isAnyDrained = outputs.some(([port]) => isDrained(port));
    for (const [port, { kinds, required }] of outputs) {
      const onRequest = !required && isAnyDrained;
      if (!isDrained(port)) openOutputs.push({ node: node.id, port, kinds, onRequest });
    }
  }
  return { openInputs, openOutputs };
}

function reportUnfed(
  manifest: Manifest,
  node: ResolvedNode,
  open: OpenPort,
  feeding: readonly string[],
  problems: ProblemList,
): void {
  const message = `the required input ${quote(showPort(open))} is not connected, while ${quote(node.id)} is fed by ${feeding.slice(0, 8).join(", ")}`;
  const where = { ...manifest.where(["nodes", node.index]), node: node.id, port: open.port };
  problems.add(
    "manifest-graph",
    message,
    where,
    `connect an output that gives ${open.kinds.join(" or ")} to it`,
  );
}
