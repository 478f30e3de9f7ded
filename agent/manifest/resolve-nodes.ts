// The manifest's nodes → resolved nodes: type, params, limits, policy.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type CapabilityRequirements, capabilitySchema } from "../capability/requirements.ts";
import type { CatalogEntry, NodeCatalog } from "./catalog.ts";
import { type CheckBudget, checkBudget, checkParams } from "./check-params.ts";
import { type JsonPath, quote } from "./json-path.ts";
import type { Manifest } from "./manifest.ts";
import type { ManifestNode, NodePlacement } from "./node-schema.ts";
import { compileParamsSchema, type ParamsSchema } from "./params-schema.ts";
import { nameHint, type ProblemList } from "./problem-list.ts";
import { type LimitsPolicy, resolveLimits } from "./resolve-limits.ts";
import type { ResolvedNode } from "./resolved.ts";

/** Resolves each node whose type is known, and reports the others, second nodes of an id and params that don't fit. */
export function resolveNodes(
  manifest: Manifest,
  catalog: NodeCatalog,
  policy: LimitsPolicy,
  problems: ProblemList,
): ResolvedNode[] {
  const schemas = new Map<string, ParamsSchema | undefined>();
  const budget = checkBudget();
  const firstOf = new Map<string, number>();
  const resolved: ResolvedNode[] = [];
  for (const [index, node] of manifest.nodes.entries()) {
    if (problems.full) break;
    const first = firstOf.get(node.id);
    if (first === undefined) firstOf.set(node.id, index);
    else reportDuplicate(manifest, node.id, first, index, problems);
    const entry = catalog.lookup(node.node_type);
    if (entry === undefined) {
      const hint = nameHint(node.node_type, catalog.names(), "no node types are known here");
      const where = { ...manifest.where(["nodes", index, "node_type"]), node: node.id };
      problems.add("node-unknown", `unknown node type ${quote(node.node_type)}`, where, hint);
    } else resolved.push(resolveNode({ manifest, node, index, entry, policy, schemas, budget, problems }));
  }
  return resolved;
}

function reportDuplicate(
  manifest: Manifest,
  id: string,
  first: number,
  second: number,
  problems: ProblemList,
): void {
  const { line } = manifest.where(["nodes", first, "id"]);
  const message = `nodes[${first}]${line === undefined ? "" : ` (line ${line})`} and nodes[${second}] both have the id ${quote(id)}`;
  problems.add(
    "manifest-graph",
    message,
    { ...manifest.where(["nodes", second, "id"]), node: id },
    "rename one of the two",
  );
}

interface NodeContext {
  readonly manifest: Manifest;
  readonly node: ManifestNode;
  readonly index: number;
  readonly entry: CatalogEntry;
  readonly policy: LimitsPolicy;
  readonly schemas: Map<string, ParamsSchema | undefined>;
  readonly budget: CheckBudget;
  readonly problems: ProblemList;
}

function resolveNode(context: NodeContext): ResolvedNode {
  const { manifest, node, index, entry, policy } = context;
  const { descriptor, runtime, trust } = entry;
  return {
    id: node.id,
    index,
    type: node.node_type,
    descriptor,
    runtime,
    trust,
    module: trust === "module" ? manifest.modules[node.node_type] : undefined,
    params: resolveParams(context),
    limits: resolveLimits(node.limits, descriptor.limits, policy),
    policy: { action: node.on_error.action, giveUpAfter: node.on_error.give_up_after },
    requirements: [...(node.capabilities ? [node.capabilities] : []), ...needsOf(context)],
    host: node.host,
    placement: {
      ...wishOf(node),
      ...node.placement,
      policy: node.placement?.policy ?? manifest.placementPolicy,
    },
    grants: node.grants ?? {},
  };
}

/** The SDK's own word for where a node runs. */
function wishOf({ execution }: ManifestNode): NodePlacement {
  switch (execution?.placement) {
    case "local":
      return { prefer: ["local"] };
    case "prefer_local":
      return { prefer: ["local", "peer"] };
    case "prefer_remote":
      return { prefer: ["peer", "local"] };
    default:
      return {};
  }
}

function resolveParams(context: NodeContext): ResolvedNode["params"] {
  const { manifest, node, index, entry, schemas, budget, problems } = context;
  const schema = schemas.get(node.node_type) ?? compile(entry, node, manifest.where, index, problems);
  schemas.set(node.node_type, schema);
  const checked = checkParams(schema, node.params, budget);
  for (const problem of checked.problems) {
    const path: JsonPath = ["nodes", index, "params", ...problem.path];
    const where = { ...manifest.where(path, problem.at), node: node.id };
    problems.add("node-invalid-params", `${node.node_type}: ${problem.message}`, where, problem.hint);
  }
  return checked.params;
}

function compile(
  entry: CatalogEntry,
  node: ManifestNode,
  where: Manifest["where"],
  index: number,
  problems: ProblemList,
): ParamsSchema | undefined {
  if (entry.descriptor.params === undefined) return undefined;
  try {
    return compileParamsSchema(entry.descriptor.params);
  } catch (thrown) {
    if (!(thrown instanceof RemoteMediaError)) throw thrown;
    const message = `the node.json of ${quote(node.node_type)} can't be used: ${thrown.message}`;
    const place = { ...where(["nodes", index, "node_type"]), node: node.id };
    problems.add(
      "node-descriptor-invalid",
      message,
      place,
      thrown.where?.path && `in node.json at ${thrown.where.path}`,
    );
    return undefined;
  }
}

function needsOf({ manifest, node, index, entry, problems }: NodeContext): CapabilityRequirements[] {
  if (Object.keys(entry.descriptor.needs).length === 0) return [];
  const needs = capabilitySchema.safeParse(entry.descriptor.needs);
  if (needs.success) return [needs.data];
  const where = { ...manifest.where(["nodes", index, "node_type"]), node: node.id };
  const message = `the node.json of ${quote(node.node_type)} has needs that can't be read`;
  problems.add("node-descriptor-invalid", message, where);
  return [];
}
