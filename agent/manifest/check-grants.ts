// Whether this device's policy allows what the nodes of a pipeline are to be granted.
import { quote } from "./json-path.ts";
import { ProblemList } from "./problem-list.ts";
import type { ResolvedPipeline } from "./resolved.ts";

/** What a device lets any node be granted. */
export interface GrantPolicy {
  /** Files and folders, relative to the manifest, that may be read. */
  readonly read: readonly string[];
  /** Hosts that may be asked over HTTP. */
  readonly http: readonly string[];
}

/** A device whose operator has said nothing. An empty grant of files is always allowed: it is a file system with nothing in it. */
export const grantNothing: GrantPolicy = { read: [], http: [] };

/** Throws RemoteMediaError `grant-denied` for every grant that the policy doesn't allow; several are listed in `problems`. */
export function checkGrants(pipeline: ResolvedPipeline, policy: GrantPolicy): void {
  const problems = new ProblemList();
  for (const node of pipeline.nodes) {
    const asked = [
      ...(node.grants.filesystem?.read ?? []).map((path) => ["files", path, policy.read] as const),
      ...(node.grants.network?.http ?? []).map((host) => ["the network", host, policy.http] as const),
    ];
    for (const [what, name, allowed] of asked) {
      if (allowed.includes(name)) continue;
      const where = { ...pipeline.where(["nodes", node.index, "grants"]), node: node.id };
      problems.add(
        "grant-denied",
        `${quote(node.id)} is to be granted ${what} (${quote(name)}), and this device's policy does not allow it`,
        where,
        "remove the grant",
      );
    }
  }
  problems.throwIfAny();
}
