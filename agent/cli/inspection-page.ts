// A package as people read it before they run it: what is in it, what it may do, who signed it, where it came from.
import type {
  InspectedNode,
  InspectedOrigin,
  InspectedProvenance,
  InspectedSignature,
  Inspection,
} from "../package/inspection.ts";
import { count, formatBytes } from "./quantity.ts";
import { type Column, formatTable } from "./table.ts";
import { oneLine } from "./terminal.ts";

/** Lines. Everything in them came from outside. */
export function formatInspection(inspection: Inspection): string[] {
  const { name, version, description, source, digest, size, nodes, modules, models } = inspection;
  return [
    `${oneLine(name)}${version === undefined ? "" : ` ${oneLine(version)}`}`,
    ...(description === undefined ? [] : [oneLine(description)]),
    "",
    `from    ${oneLine(source)}`,
    `digest  ${digest}`,
    `size    ${formatBytes(size)}`,
    ...section("signatures", inspection.signatures.map(formatSignature), "none: nobody has signed it"),
    ...section("provenance", inspection.provenance.flatMap(formatProvenance), "none"),
    ...section("nodes", formatNodes(nodes), "none"),
    ...section("asks for", nodes.flatMap(formatWishes), "nothing beyond its frames"),
    ...section(
      "modules",
      modules.length === 0
        ? []
        : table(
            [
              { title: "path", text: ({ path }) => oneLine(path) },
              { title: "size", right: true, text: (module) => formatBytes(module.size) },
              { title: "node types", text: ({ node_types }) => oneLine(node_types.join(", ")) || "none" },
              {
                title: "imports",
                text: ({ imports, problem }) => describeImports(imports, problem?.message),
              },
            ],
            modules,
          ),
      "none: all nodes are built in",
    ),
    ...section(
      "models",
      models.length === 0
        ? []
        : table(
            [
              { title: "path", text: ({ path }) => oneLine(path) },
              { title: "size", right: true, text: (model) => formatBytes(model.size) },
              { title: "digest", text: (model) => short(model.digest) },
            ],
            models,
          ),
      "none",
    ),
    ...section(
      "where the bytes come from",
      inspection.origins.length === 0
        ? []
        : table(
            [
              { title: "path", text: ({ path }) => oneLine(path) },
              { title: "digest", text: (origin) => short(origin.digest) },
              { title: "from", text: describeOrigin },
            ],
            inspection.origins,
          ),
      "nothing but its manifest",
    ),
  ];
}

function section(title: string, lines: readonly string[], otherwise: string): string[] {
  return lines.length === 0 ? ["", `${title}: ${otherwise}`] : ["", `${title}:`, ...lines];
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  return formatTable(columns, rows);
}

function short(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

function formatNodes(nodes: readonly InspectedNode[]): string[] {
  return table(
    [
      { title: "node", text: ({ id }) => oneLine(id) },
      { title: "type", text: ({ node_type }) => oneLine(node_type) },
      { title: "code", text: ({ from, module }) => (module === undefined ? from : oneLine(module)) },
      { title: "memory", right: true, text: ({ limits }) => limit(limits["max_memory_mb"], "MiB") },
      { title: "a call", right: true, text: ({ limits }) => limit(limits["max_execution_ms"], "ms") },
      { title: "on", text: ({ host }) => oneLine(host ?? "") },
    ],
    nodes,
  );
}

function limit(value: number | undefined, unit: string): string {
  return value === undefined ? "" : `${value} ${unit}`;
}

/** What a node wants of the machine: files and network, and capabilities. */
function formatWishes({ id, grants, needs }: InspectedNode): string[] {
  const wishes = [
    ...(grants === undefined ? [] : [`is to be granted ${JSON.stringify(grants)}`]),
    ...needs.map((need) => `needs ${JSON.stringify(need)}`),
  ];
  return wishes.map((wish) => `  ${oneLine(id)} ${oneLine(wish)}`);
}

function describeImports(imports: readonly string[] | undefined, problem: string | undefined): string {
  if (imports === undefined) return oneLine(problem ?? "not looked into");
  return oneLine(imports.join(", ")) || "none";
}

/** One signature: whose it is, or why it is worth nothing here. */
export function formatSignature({
  layout,
  verified,
  signer,
  key_id,
  key_hint,
  problem,
}: InspectedSignature): string {
  const head = `  ${layout.padEnd(6)}  `;
  if (verified) return `${head}trusted here: ${oneLine(signer ?? "")} (key ${key_id?.slice(0, 16)})`;
  const why =
    problem === undefined ? "no key and no policy was given" : `${problem.message} [${problem.code}]`;
  const hint = key_hint === undefined ? "" : `; it names the key ${key_hint}`;
  return `${head}not trusted here: ${oneLine(why + hint)}`;
}

/** One provenance: who says so, what was built, when, from what. */
export function formatProvenance(statement: InspectedProvenance): string[] {
  const { verified, signer, predicate_type, builder, started, source, dependencies, problem } = statement;
  const trust = verified
    ? `says ${signer}`
    : `not trusted here: ${problem === undefined ? "no key and no policy was given" : `${problem.message} [${problem.code}]`}`;
  const lines = [
    `${predicate_type}, ${trust}`,
    ...(builder === undefined
      ? []
      : [`  built by ${builder}${started === undefined ? "" : ` at ${started}`}`]),
    ...(source === undefined ? [] : [`  from ${source.uri ?? source.name ?? "?"} ${source.digest ?? ""}`]),
    ...(dependencies.length === 0 ? [] : [`  of ${count(dependencies.length, "input")}`]),
  ];
  return lines.map((line) => `  ${oneLine(line).trimEnd()}`);
}

function describeOrigin({ from, repository, uri, name, verified }: InspectedOrigin): string {
  if (from === "base") return oneLine(`the base ${repository}`);
  if (from === "package") return "the package; nothing says more";
  const claim = `${uri ?? name ?? "the build"}`;
  return oneLine(`${claim}, as the provenance says${verified === true ? "" : " (not trusted here)"}`);
}
