// Manifest text → Manifest, or an error that lists every mistake with its place.
import { describeIssue, type Problem } from "./describe-issue.ts";
import { type JsonPath, quote } from "./json-path.ts";
import { knownKeysAt } from "./json-schema-at.ts";
import type { Manifest } from "./manifest.ts";
import { type JsonDocument, parseJson } from "./parse-json.ts";
import { ProblemList } from "./problem-list.ts";
import { type ManifestDocument, manifestJsonSchema, manifestSchema } from "./schema.ts";
import { upstreamRefusal } from "./upstream.ts";

/** Parses the text of a manifest. `file` is named in errors. Throws RemoteMediaError `manifest-syntax` (not JSON, too large, too
 * deep), `manifest-schema` (doesn't fit) or `manifest-unsupported` (the SDK's field that isn't honoured here), with file, JSON
 * path, line and column; several problems are listed in its `problems`. */
export function parseManifest(text: string, file?: string): Manifest {
  const document = parseJson(text, { file, code: "manifest-syntax" });
  const parsed = manifestSchema.safeParse(document.value);
  if (!parsed.success) {
    const subject = { noun: "field", schema: manifestJsonSchema(), value: document.value };
    const problems = new ProblemList();
    for (const issue of parsed.error.issues) {
      for (const problem of describeIssue(issue, subject)) report(problem, document, problems);
      if (problems.full) break;
    }
    problems.throwIfAny();
  }
  return toManifest(parsed.data!, document);
}

function report(problem: Problem, document: JsonDocument, problems: ProblemList): void {
  const where = document.where(problem.path, problem.at);
  const refusal = upstreamRefusal(problem.path);
  if (refusal === undefined)
    problems.add("manifest-schema", problem.message, where, homeOf(problem) ?? problem.hint);
  else {
    const message = `${quote(refusal.field)} can't be honoured as it is here: ${refusal.reason}`;
    problems.add("manifest-unsupported", message, where, refusal.hint);
  }
}

const homes: readonly (readonly [JsonPath, string])[] = [
  [[], "beside `nodes`"],
  [["metadata"], "in `metadata`"],
  [["nodes", 0], "in an element of `nodes`"],
];

/** Where an unknown field would be known: it was written one level off. */
function homeOf(problem: Problem): string | undefined {
  const key = problem.path.at(-1);
  if (problem.at !== "key" || typeof key !== "string") return undefined;
  const home = homes.find(([path]) => knownKeysAt(manifestJsonSchema(), path).includes(key));
  return home && `it belongs ${home[1]}`;
}

function toManifest(written: ManifestDocument, document: JsonDocument): Manifest {
  if (written.connections !== undefined && written.edges !== undefined) {
    const problems = new ProblemList();
    const message = '"edges" is another name of "connections": only one of the two may be there';
    problems.add("manifest-schema", message, document.where(["edges"], "key"), "merge them into connections");
    problems.throwIfAny();
  }
  return {
    name: written.metadata.name || "pipeline",
    description: written.metadata.description,
    modules: written.modules,
    nodes: written.nodes,
    connections: written.connections ?? written.edges ?? [],
    connectionsField: written.edges === undefined ? "connections" : "edges",
    placementPolicy: written.placement?.policy ?? "latency",
    where: document.where,
  };
}
