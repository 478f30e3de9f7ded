// Places for the tests of placement: this board, and peers around it.
import type { CapabilityStatement } from "../../../agent/capability/statement.ts";
import type { ResolvedPipeline } from "../../../agent/manifest/resolved.ts";
import type { Assignment, Place, PlacementFacts } from "../../../agent/placement/place.ts";
import { boardStatement } from "../capability/facts-fixture.ts";
import { builtins, pipeline } from "../manifest/fixtures.ts";

/** What a place says of itself: four idle cores, every built-in type, 1 GiB a node, and no GPU. */
export function statement(more: Partial<CapabilityStatement> = {}): CapabilityStatement {
  return {
    ...boardStatement(),
    gpu: [],
    node_types: builtins.map(({ name }) => name),
    sandbox: { seccomp: true, cgroup: false, max_memory_mb: 1024 },
    load: { cpu: 0, memory: 0, sessions: 0, queue_ms: 0 },
    ...more,
  };
}

/** This machine. */
export function local(more: Partial<CapabilityStatement> = {}): Place {
  const way = { rttMs: 0, bytesPerSecond: undefined, addresses: [], price: 0 };
  return { id: "local", name: "porch", statement: statement(more), ...way };
}

/** A peer 2 ms away over a gigabit; its id is `id-NAME`. */
export function peer(
  name: string,
  more: Partial<Place> = {},
  stated: Partial<CapabilityStatement> = {},
): Place {
  return {
    id: `id-${name}`,
    name,
    statement: statement(stated),
    rttMs: 2,
    bytesPerSecond: 125_000_000,
    addresses: [`${name}.lan:7443`],
    price: 0,
    ...more,
  };
}

/** `a@local b@gpu`: where each node is, peers by name. */
export function show({ decisions }: Assignment): string {
  return [...decisions.values()].map(({ node, place }) => `${node}@${place.replace("id-", "")}`).join(" ");
}

/** What was thought of each place for one node: `gpu chosen: why; why`. */
export function explain(assignment: Assignment, node: string): string[] {
  return assignment.decisions
    .get(node)!
    .considered.map(
      ({ place, verdict, reasons }) => `${place.replace("id-", "")} ${verdict}: ${reasons.join("; ")}`,
    );
}

/** A node of the smallest type. */
export const pass = (id: string, more: Record<string, unknown> = {}) => [id, "PassThrough", more] as const;
/** A pipeline of one. */
export const one = (more: Record<string, unknown> = {}): ResolvedPipeline => pipeline([pass("a", more)], []);

/** Times by node and place, as `{ a: { local: 5 } }`; peers by name. */
export function measured(times: Record<string, Record<string, number>>): PlacementFacts {
  return { measured: (node, place) => times[node]?.[place.replace("id-", "")] };
}
