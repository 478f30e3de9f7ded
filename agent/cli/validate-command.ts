// `remotemedia validate`: everything that can be known of a pipeline without running it.

import type { CapabilityStatement } from "../capability/statement.ts";
import { loadConfig } from "../main/environment.ts";
import type { LoadedPipeline } from "../main/load-pipeline.ts";
import { type FromPackage, Program } from "../main/program.ts";
import type { OpenPort } from "../manifest/resolved.ts";
import { describePlacement, explainPlacement } from "../placement/explain-placement.ts";
import { explainReason } from "../placement/find-refusal.ts";
import type { Call } from "./command.ts";
import { readPackageUse } from "./package-options.ts";
import { formatBytes } from "./quantity.ts";
import { formatTable } from "./table.ts";
import { oneLine } from "./terminal.ts";

export async function executeValidate(call: Call): Promise<number> {
  const { operands, texts, flag, terminal } = call;
  await using program = new Program({ config: await loadConfig(), onWeakSandbox: () => {} });
  const peers = texts("peer");
  const places =
    flag("explain") || peers.length > 0
      ? (local: () => Promise<CapabilityStatement>) => program.findPlaces(local, peers)
      : undefined;
  const pipeline = await program.load(
    { path: operands[0]!, overrides: texts("set"), live: texts("live"), places },
    readPackageUse(call),
  );
  terminal.print(
    flag("json")
      ? JSON.stringify(describe(pipeline), undefined, 2)
      : flag("quiet")
        ? `ok: ${pipeline.file}`
        : [...format(pipeline), ...(flag("explain") ? explain(pipeline) : [])].join("\n"),
  );
  return 0;
}

/** The JSON document. */
function describe(pipeline: LoadedPipeline & FromPackage): object {
  const { file, resolved, plan, placement, modules, degraded, installed } = pipeline;
  return {
    ok: true,
    file,
    ...(installed && { package: { digest: installed.digest, signer: installed.signer?.name ?? null } }),
    name: resolved.name,
    nodes: plan.decisions.map(({ node: id, stage, reason }) => {
      const { type, params, trust } = resolved.nodes.find((node) => node.id === id)!;
      const missing = degraded.find(({ node }) => node === id)?.missing.map(explainReason);
      return {
        id,
        node_type: type,
        from: trust,
        params,
        stage,
        reason,
        ...(missing === undefined ? {} : { missing }),
      };
    }),
    stages: plan.stages.map(({ id, nodes, placedOn }) => ({
      id,
      nodes: nodes.map((node) => node.id),
      placed_on: placedOn,
    })),
    ...(placement && { placement: describePlacement(placement) }),
    connections: resolved.connections.map(({ from, to }) => ({ from: show(from), to: show(to) })),
    inputs: plan.openInputs.map((port) => ({ port: show(port), kinds: port.kinds })),
    outputs: plan.openOutputs.map((port) => ({
      port: show(port),
      kinds: port.kinds,
      on_request: port.onRequest,
    })),
    modules: [...modules].map(([type, { module, facts }]) => ({
      node_type: type,
      bytes: facts.bytes,
      entry: module.kind,
      imports: facts.imports,
      memory_min_bytes: facts.memoryPages * pageBytes,
    })),
  };
}

const pageBytes = 65_536;

function format(pipeline: LoadedPipeline & FromPackage): string[] {
  const { file, resolved, plan, modules, degraded, installed } = pipeline;
  const nodes = plan.decisions.map((decision) => ({
    ...decision,
    ...resolved.nodes.find(({ id }) => id === decision.node)!,
  }));
  return [
    `ok: ${resolved.name} (${file})`,
    ...(installed === undefined
      ? []
      : [
          `  ${installed.digest}, ${installed.signer === undefined ? "UNSIGNED" : `signed by ${oneLine(installed.signer.name)}`}`,
        ]),
    "",
    ...formatTable(
      [
        { title: "node", text: ({ id }) => id },
        { title: "type", text: ({ type }) => type },
        { title: "stage", text: ({ stage }) => stage },
        { title: "because", text: ({ reason }) => named(reason, pipeline) },
      ],
      nodes,
    ),
    ...degraded.flatMap(({ node, missing }) =>
      missing.map(
        (reason) => `  ${node} will run without what it prefers: ${oneLine(explainReason(reason))}`,
      ),
    ),
    "",
    ...formatTable(
      [
        { title: "module", text: ([type]) => type },
        { title: "size", right: true, text: ([, { facts }]) => formatBytes(facts.bytes) },
        {
          title: "entered",
          text: ([, { module }]) => (module.kind === "direct" ? "directly" : "through jco"),
        },
        { title: "imports", text: ([, { facts }]) => facts.imports.join(", ") || "none" },
      ],
      [...modules],
    ),
    "",
    ...formatOpen("takes --input", plan.openInputs),
    ...formatOpen("gives --output", plan.openOutputs),
  ];
}

/** Every place that was considered for each node. */
function explain({ placement }: LoadedPipeline): string[] {
  if (placement === undefined) return [];
  return [
    "",
    ...formatTable(
      [
        { title: "node", text: ({ node }) => node },
        { title: "place", text: ({ place }) => place },
        { title: "verdict", text: ({ verdict }) => verdict },
        { title: "score", right: true, text: ({ score }) => score },
        { title: "because", text: ({ because }) => because },
      ],
      explainPlacement(placement),
    ),
  ];
}

function formatOpen(title: string, ports: readonly OpenPort[]): string[] {
  if (ports.length === 0) return [`  ${title}: nowhere`];
  return ports.map((port) => `  ${title}: ${show(port)} (${port.kinds.join(", ")})`);
}

function show({ node, port }: { readonly node: string; readonly port: string }): string {
  return `${node}.${port}`;
}

/** A reason with the names of machines in place of their ids, which nobody reads. */
function named(reason: string, { placement }: LoadedPipeline): string {
  const [decision] = placement?.decisions.values() ?? [];
  return (decision?.considered ?? [])
    .filter(({ place }) => place !== "local")
    .reduce((text, { place, name }) => text.replaceAll(place, oneLine(name)), reason);
}
