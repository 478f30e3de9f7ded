// Node types and manifests that the tests of manifest and placement share.
import { buildCatalog, type NodeCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import type { ResolvedPipeline } from "../../../agent/manifest/resolved.ts";
import {
  anonymousDescriptor,
  type NodeDescriptor,
  nodeDescriptorSchema,
} from "../../../agent/node/descriptor.ts";
import type { PayloadKind } from "../../../agent/node/frame.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

type Ports = Readonly<Record<string, readonly PayloadKind[]>>;

/** A node type with these ports; `params` maps names to JSON Schemas. */
export function descriptor(
  name: string,
  inputs: Ports,
  outputs: Ports,
  more: Record<string, unknown> = {},
): NodeDescriptor {
  const ports = (map: Ports) =>
    Object.fromEntries(Object.entries(map).map(([port, kinds]) => [port, { kinds }]));
  return nodeDescriptorSchema.parse({
    name,
    version: "1.0.0",
    summary: name,
    inputs: ports(inputs),
    outputs: ports(outputs),
    ...more,
  });
}

function number(param: string, fallback?: number) {
  const schema = fallback === undefined ? { type: "number" } : { type: "number", default: fallback };
  const required = fallback === undefined ? { required: [param] } : {};
  return { params: { type: "object", properties: { [param]: schema }, ...required } };
}

const all: readonly PayloadKind[] = ["bytes", "text", "json", "audio", "video", "tensor", "encoded"];

export const builtins: readonly NodeDescriptor[] = [
  descriptor("PassThrough", { in: all }, { out: all }),
  descriptor("MultiplyNode", { in: ["json", "audio"] }, { out: ["json", "audio"] }, number("factor")),
  descriptor("AddNode", { in: ["json"] }, { out: ["json"] }, number("addend", 0)),
  descriptor("FastResampleNode", { in: ["audio"] }, { out: ["audio"] }, number("target_rate", 16_000)),
  descriptor("VoiceActivity", { in: ["audio"] }, { speech: ["audio"], events: ["json"] }),
  descriptor("MelSpectrogram", { in: ["audio"] }, { out: ["tensor"] }),
  descriptor("Mixer", { left: ["audio"], right: ["audio"] }, { out: ["audio"] }),
  descriptor("Join", { in: ["json"], ctl: ["json"] }, { out: ["json"], err: ["text"] }),
];

export const natives: readonly NodeDescriptor[] = [
  descriptor("TestSource", {}, { out: ["audio"] }),
  descriptor("TestSink", { in: all }, {}),
];

/** The built-in and native types above, and `modules` without a node.json. */
export function catalog(...modules: string[]): NodeCatalog {
  return buildCatalog(builtins, new Map(modules.map((type) => [type, anonymousDescriptor(type)])), natives);
}

type Node = readonly [id: string, type: string, more?: Record<string, unknown>];

/** Manifest text: nodes as `[id, type, more?]`, connections as `"a>b"` or `"a.out>b.in"`, modules by name. */
export function manifestText(
  nodes: readonly Node[],
  connections: readonly string[],
  modules: readonly string[] = [],
): string {
  const end = (text: string) => text.split(".") as [string, string?];
  return JSON.stringify(
    {
      version: "v1",
      metadata: { name: "test" },
      modules: Object.fromEntries(modules.map((name) => [name, { path: `modules/${name}.wasm` }])),
      nodes: nodes.map(([id, node_type, more]) => ({ id, node_type, ...more })),
      connections: connections.map((text) => {
        const [[from, from_port], [to, to_port]] = text.split(">").map(end) as [
          [string, string?],
          [string, string?],
        ];
        return { from, from_port, to, to_port };
      }),
    },
    null,
    1,
  );
}

/** The pipeline that such a manifest resolves to. */
export function pipeline(
  nodes: readonly Node[],
  connections: readonly string[],
  modules: readonly string[] = [],
): ResolvedPipeline {
  return resolvePipeline(parseManifest(manifestText(nodes, connections, modules)), catalog(...modules));
}

/** What `call` throws, which must be of ours. */
export function thrownBy(call: () => unknown): RemoteMediaError {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return thrown;
    throw thrown;
  }
  throw new RemoteMediaError("internal", "nothing was thrown");
}

/** Every problem of an error, as `code path: message (hint)`. */
export function listProblems(error: RemoteMediaError): string[] {
  const problems = error.problems.length > 0 ? error.problems : [error];
  return problems.map(({ code, where, message, hint }) => {
    return `${code} ${where?.path ?? "-"}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
  });
}
