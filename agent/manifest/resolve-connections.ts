// The manifest's connections → connections with both ports named, each checked on its own.

import type { ErrorWhere } from "../../platform/base/error.ts";
import type { PortDescriptor } from "../node/descriptor.ts";
import { type JsonPath, quote } from "./json-path.ts";
import type { Manifest } from "./manifest.ts";
import { nameHint, type ProblemList } from "./problem-list.ts";
import type { PortReference, ResolvedConnection, ResolvedNode } from "./resolved.ts";
import type { ManifestConnection } from "./schema.ts";

/** Resolves each connection whose ends and ports are there, and reports the others: unknown ends and ports, a node connected to
 * itself, a connection that is there twice, ends whose payload kinds have nothing in common. */
export function resolveConnections(
  manifest: Manifest,
  nodes: readonly ResolvedNode[],
  problems: ProblemList,
): ResolvedConnection[] {
  const context: Context = {
    manifest,
    problems,
    ids: new Set(manifest.nodes.map((node) => node.id)),
    nodes: new Map(nodes.toReversed().map((node) => [node.id, node])),
  };
  const firstOf = new Map<string, number>();
  const resolved: ResolvedConnection[] = [];
  for (const [order, connection] of manifest.connections.entries()) {
    if (problems.full) break;
    const one = resolveOne(context, connection, order);
    if (one === undefined) continue;
    const key = `${showPort(one.from)} → ${showPort(one.to)}`;
    const first = firstOf.get(key);
    if (first === undefined) {
      firstOf.set(key, order);
      resolved.push(one);
    } else {
      const field = manifest.connectionsField;
      const message = `${field}[${first}] and ${field}[${order}] are the same: ${key}`;
      problems.add("manifest-graph", message, manifest.where([field, order]), "remove one of the two");
    }
  }
  return resolved;
}

/** `node.port`, as errors and `--input` write it. */
export function showPort({ node, port }: PortReference): string {
  return `${node}.${port}`;
}

interface Context {
  readonly manifest: Manifest;
  readonly problems: ProblemList;
  /** Of all nodes, also of those whose type is unknown. */
  readonly ids: ReadonlySet<string>;
  readonly nodes: ReadonlyMap<string, ResolvedNode>;
}

function resolveOne(
  context: Context,
  connection: ManifestConnection,
  order: number,
): ResolvedConnection | undefined {
  const { manifest, problems, ids, nodes } = context;
  const path: JsonPath = [manifest.connectionsField, order];
  const arrow = `${quote(connection.from)} → ${quote(connection.to)}`;
  let known = true;
  for (const end of ["from", "to"] as const) {
    if (ids.has(connection[end])) continue;
    known = false;
    const message = `the connection ${arrow} has an unknown end: there is no node ${quote(connection[end])}`;
    problems.add(
      "manifest-graph",
      message,
      manifest.where([...path, end]),
      nameHint(connection[end], ids, "no nodes"),
    );
  }
  if (known && connection.from === connection.to) {
    const message = `the connection ${arrow} leads from a node to itself`;
    problems.add("manifest-graph", message, manifest.where(path), "a pipeline has no loops");
    return undefined;
  }
  const from = nodes.get(connection.from);
  const to = nodes.get(connection.to);
  if (!known || from === undefined || to === undefined) return undefined;
  const fromPort = pickPort(context, { connection, order, end: "from", ports: from.descriptor.outputs });
  const toPort = pickPort(context, { connection, order, end: "to", ports: to.descriptor.inputs });
  if (fromPort === undefined || toPort === undefined) return undefined;
  const one = { from: { node: from.id, port: fromPort }, to: { node: to.id, port: toPort }, order };
  return kindsMeet(context, one, from, to) ? one : undefined;
}

interface End {
  readonly connection: ManifestConnection;
  readonly order: number;
  readonly end: "from" | "to";
  readonly ports: Readonly<Record<string, PortDescriptor>>;
}

const directions = {
  from: { field: "from_port", noun: "output", usual: "out" },
  to: { field: "to_port", noun: "input", usual: "in" },
} as const;

/** The port that is named; else the only one, else `out` or `in`, as the reader would expect. */
function pickPort(
  { manifest, problems }: Context,
  { connection, order, end, ports }: End,
): string | undefined {
  const { field, noun, usual } = directions[end];
  const names = Object.keys(ports);
  const node = connection[end];
  const named = connection[field];
  const other = quote(connection[end === "from" ? "to" : "from"]);
  const beside = end === "from" ? `on the way to ${other}` : `on the way from ${other}`;
  const where = (step: string): ErrorWhere => ({
    ...manifest.where([manifest.connectionsField, order, step]),
    node,
  });
  if (named !== undefined) {
    if (Object.hasOwn(ports, named)) return named;
    const message = `${quote(node)} has no ${noun} ${quote(named)} (${beside})`;
    problems.add(
      "manifest-graph",
      message,
      where(field),
      nameHint(named, names, `${quote(node)} has no ${noun}s`),
    );
    return undefined;
  }
  if (names.length === 1) return names[0];
  if (Object.hasOwn(ports, usual)) return usual;
  if (names.length === 0)
    problems.add("manifest-graph", `${quote(node)} has no ${noun} (${beside})`, where(end));
  else {
    const message = `${quote(node)} has ${names.length} ${noun}s, and none is named (${beside})`;
    problems.add(
      "manifest-graph",
      message,
      where(end),
      `name one with ${field}: ${names.map(quote).join(", ")}`,
    );
  }
  return undefined;
}

function kindsMeet(context: Context, one: ResolvedConnection, from: ResolvedNode, to: ResolvedNode): boolean {
  const gives = from.descriptor.outputs[one.from.port]!.kinds;
  const takes = to.descriptor.inputs[one.to.port]!.kinds;
  if (gives.some((kind) => takes.includes(kind))) return true;
  const { manifest, problems } = context;
  const message = `${showPort(one.from)} gives ${gives.join(", ")}, but ${showPort(one.to)} takes ${takes.join(", ")}`;
  const hint = "put a node between them that turns the one into the other";
  problems.add("manifest-graph", message, manifest.where([manifest.connectionsField, one.order]), hint);
  return false;
}
