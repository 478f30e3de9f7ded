// Resolving: node types, params, limits, ports, the graph.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import type { LimitsPolicy } from "../../../agent/manifest/resolve-limits.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { catalog, descriptor, listProblems, manifestText, pipeline, thrownBy } from "./fixtures.ts";

type Nodes = Parameters<typeof pipeline>[0];

function problemsOf(nodes: Nodes, connections: readonly string[], modules: readonly string[] = []): string[] {
  return listProblems(thrownBy(() => pipeline(nodes, connections, modules)));
}

const mul = ["mul", "MultiplyNode", { params: { factor: 2 } }] as const;
const add = ["add", "AddNode"] as const;

describe("resolvePipeline", () => {
  it("resolves the calculator: ports, defaults, limits, what is open at the edges", () => {
    const resolved = pipeline([mul, add], ["mul>add"]);
    expect(resolved.name).toBe("test");
    expect(resolved.connections).toEqual([
      { from: { node: "mul", port: "out" }, to: { node: "add", port: "in" }, order: 0 },
    ]);
    expect(resolved.openInputs).toEqual([
      { node: "mul", port: "in", kinds: ["json", "audio"], required: true },
    ]);
    expect(resolved.openOutputs).toEqual([{ node: "add", port: "out", kinds: ["json"], onRequest: false }]);
    expect(resolved.topologicalOrder).toEqual(["mul", "add"]);
    expect(resolved.nodes[1]).toMatchObject({
      id: "add",
      index: 1,
      type: "AddNode",
      runtime: "wasm",
      trust: "builtin",
      module: undefined,
      params: { addend: 0 },
      policy: { action: "restart", giveUpAfter: 5 },
      placement: { policy: "latency" },
      grants: {},
    });
    expect(resolved.nodes[1]?.limits).toEqual({
      maxMemoryBytes: 256 * 1024 * 1024,
      maxExecutionMs: 5000,
      maxFuel: undefined,
      maxOutputBytes: 64 * 1024 * 1024,
      maxFramesOut: 1024,
    });
  });

  it("leaves the manifest as it is", () => {
    const manifest = parseManifest(manifestText([mul, add], ["mul>add"]));
    const before = JSON.stringify(manifest);
    resolvePipeline(manifest, catalog());
    expect(JSON.stringify(manifest)).toBe(before);
  });

  it("gives a module without a node.json any kind in and out, unchecked params, and its path", () => {
    const resolved = pipeline([mul, ["own", "Own", { params: { whatever: [1] } }]], ["mul>own"], ["Own"]);
    expect(resolved.nodes[1]).toMatchObject({
      trust: "module",
      module: { path: "modules/Own.wasm" },
      params: { whatever: [1] },
    });
  });

  it("takes limits from the manifest, else from the node.json, else the default, and lets the device lower each", () => {
    const type = descriptor(
      "T",
      { in: ["json"] },
      {},
      { limits: { max_memory_mb: 32, max_fuel: 1000, max_frames_out: 9 } },
    );
    const text = manifestText([["a", "T", { limits: { max_memory_mb: 64, max_execution_ms: 70 } }]], []);
    const limits = (policy?: LimitsPolicy) =>
      resolvePipeline(parseManifest(text), buildCatalog([type]), policy).nodes[0]?.limits;
    expect(limits()).toEqual({
      maxMemoryBytes: 64 * 1024 * 1024,
      maxExecutionMs: 70,
      maxFuel: 1000n,
      maxOutputBytes: 64 * 1024 * 1024,
      maxFramesOut: 9,
    });
    expect(
      limits({ maxMemoryBytes: 1024, maxExecutionMs: 100, maxFuel: 10n, maxFramesOut: 3 }),
    ).toMatchObject({
      maxMemoryBytes: 1024,
      maxExecutionMs: 70,
      maxFuel: 10n,
      maxFramesOut: 3,
    });
  });

  it.each([
    [{ execution: { placement: "local" } }, { prefer: ["local"], policy: "latency" }],
    [{ execution: { placement: "prefer_local" } }, { prefer: ["local", "peer"], policy: "latency" }],
    [{ execution: { placement: "prefer_remote" } }, { prefer: ["peer", "local"], policy: "latency" }],
    [{ execution: { placement: "auto" } }, { policy: "latency" }],
    [
      { execution: { placement: "local" }, placement: { prefer: ["peer"], policy: "cost" } },
      { prefer: ["peer"], policy: "cost" },
    ],
  ])("takes %j for the wish that it is", (more, placement) => {
    expect(pipeline([["a", "PassThrough", more]], []).nodes[0]?.placement).toEqual(placement);
  });

  it("uses a device's fuel limit where the node has none", () => {
    const manifest = parseManifest(manifestText([mul], []));
    expect(resolvePipeline(manifest, catalog(), { maxFuel: 5n }).nodes[0]?.limits.maxFuel).toBe(5n);
  });

  it("names the nearest known type of one that is not known, with its place", () => {
    const error = thrownBy(() => pipeline([["mul", "MultiplyNod"]], []));
    expect(error.code).toBe("node-unknown");
    expect(error.message).toBe('unknown node type "MultiplyNod"');
    expect(error.hint).toBe('did you mean "MultiplyNode"?');
    expect(error.where).toMatchObject({ node: "mul", path: "nodes[0].node_type", line: 10 });
  });

  it("checks params against the type's schema, naming param, nearest name and place", () => {
    expect(problemsOf([["mul", "MultiplyNode", { params: { fctor: 2 } }]], [])).toEqual([
      'node-invalid-params nodes[0].params.factor: MultiplyNode: missing param "factor" (it must be a number)',
      'node-invalid-params nodes[0].params.fctor: MultiplyNode: unknown param "fctor" (did you mean "factor"?)',
    ]);
    const error = thrownBy(() => pipeline([["mul", "MultiplyNode", { params: { factor: "3" } }]], []));
    expect(error.where).toMatchObject({ node: "mul", path: "nodes[0].params.factor", line: 12, column: 15 });
  });

  it("refuses a type whose node.json carries a schema that can't be run", () => {
    const params = { type: "object", properties: { a: { type: "string", pattern: "(a+)+" } } };
    const bad = buildCatalog([descriptor("Bad", {}, {}, { params })]);
    const error = thrownBy(() => resolvePipeline(parseManifest(manifestText([["a", "Bad"]], [])), bad));
    expect(error.code).toBe("node-descriptor-invalid");
    expect(error.hint).toBe("in node.json at params.properties.a.pattern");
  });

  it("bounds what checking all params together may cost", () => {
    const alternatives = Array.from({ length: 500 }, (_, n) => ({ type: "string", minLength: n + 2 }));
    const properties = { a: { type: "array", items: { anyOf: [{ type: "number" }, ...alternatives] } } };
    const costly = buildCatalog([descriptor("Costly", {}, {}, { params: { type: "object", properties } })]);
    const params = { a: Array.from({ length: 90 }, () => 1) };
    const resolve = (count: number) => {
      const nodes = Array.from({ length: count }, (_, n) => [`n${n}`, "Costly", { params }] as const);
      return resolvePipeline(parseManifest(manifestText(nodes, [])), costly);
    };
    expect(resolve(40).nodes.length).toBe(40);
    expect(thrownBy(() => resolve(50)).message).toContain("too many values in params to check them");
  });

  it("gathers mistakes of several kinds into one error, in the order of the document", () => {
    const nodes: Nodes = [
      ["mul", "MultiplyNod"],
      ["add", "AddNode", { params: { addnd: 1 } }],
    ];
    expect(problemsOf(nodes, ["mul>ad"]).map((problem) => problem.split(":")[0])).toEqual([
      "node-unknown nodes[0].node_type",
      "node-invalid-params nodes[1].params.addnd",
      "manifest-graph connections[0].to",
    ]);
  });
});

describe("the graph", () => {
  it.each<[string, Nodes, string[], string]>([
    [
      "an end that is not there",
      [mul, add],
      ["mul>ad"],
      'manifest-graph connections[0].to: the connection "mul" → "ad" has an unknown end: there is no node "ad" (did you mean "add"?)',
    ],
    [
      "an output that is not there",
      [
        ["vad", "VoiceActivity"],
        ["mel", "MelSpectrogram"],
      ],
      ["vad.speach>mel"],
      'manifest-graph connections[0].from_port: "vad" has no output "speach" (on the way to "mel") (did you mean "speech"?)',
    ],
    [
      "an input that is not there",
      [mul, add],
      ["mul>add.inn"],
      'manifest-graph connections[0].to_port: "add" has no input "inn" (on the way from "mul") (did you mean "in"?)',
    ],
    [
      "an output that must be named",
      [
        ["vad", "VoiceActivity"],
        ["mel", "MelSpectrogram"],
      ],
      ["vad>mel"],
      'manifest-graph connections[0].from: "vad" has 2 outputs, and none is named (on the way to "mel") (name one with from_port: "speech", "events")',
    ],
    [
      "a node without outputs that should give",
      [["s", "TestSink"], add],
      ["s>add"],
      'manifest-graph connections[0].from: "s" has no output (on the way to "add")',
    ],
    [
      "a node without inputs that should take",
      [mul, ["s", "TestSource"]],
      ["mul>s"],
      'manifest-graph connections[0].to: "s" has no input (on the way from "mul")',
    ],
    [
      "kinds that have nothing in common",
      [
        ["vad", "VoiceActivity"],
        ["mel", "MelSpectrogram"],
      ],
      ["vad.events>mel"],
      "manifest-graph connections[0]: vad.events gives json, but mel.in takes audio (put a node between them that turns the one into the other)",
    ],
    [
      "a node connected to itself",
      [add],
      ["add>add"],
      'manifest-graph connections[0]: the connection "add" → "add" leads from a node to itself (a pipeline has no loops)',
    ],
    [
      "a connection that is there twice, once with its ports left out",
      [mul, add],
      ["mul>add", "mul.out>add.in"],
      "manifest-graph connections[1]: connections[0] and connections[1] are the same: mul.out → add.in (remove one of the two)",
    ],
    [
      "a required input that is not connected",
      [
        ["a", "TestSource"],
        ["mix", "Mixer"],
      ],
      ["a>mix.left"],
      'manifest-graph nodes[1]: the required input "mix.right" is not connected, while "mix" is fed by a.out (connect an output that gives audio to it)',
    ],
    [
      "an id that is there twice",
      [add, ["add", "PassThrough"]],
      [],
      'manifest-graph nodes[1].id: nodes[0] (line 9) and nodes[1] both have the id "add" (rename one of the two)',
    ],
    [
      "a cycle",
      [
        ["in", "PassThrough"],
        ["c", "PassThrough"],
        ["a", "PassThrough"],
        ["b", "PassThrough"],
        ["out", "PassThrough"],
      ],
      ["in>a", "a>b", "b>c", "c>a", "c>out"],
      'manifest-graph connections[2]: the connections go round in a circle: c → a → b → c (remove the connection "b" → "c")',
    ],
  ])("refuses %s", (_, nodes, connections, problem) => {
    expect(problemsOf(nodes, connections)).toEqual([problem]);
  });

  it("finds a cycle even where the types of its nodes are unknown", () => {
    const problems = problemsOf(
      [
        ["a", "Nope"],
        ["b", "Nope"],
      ],
      ["a>b", "b>a"],
    );
    expect(problems.at(-1)).toContain("go round in a circle: a → b → a");
  });

  it("takes `in` and `out` where a node has several ports and none is named", () => {
    const resolved = pipeline(
      [
        ["a", "Join"],
        ["b", "PassThrough"],
      ],
      ["a>b"],
    );
    expect(resolved.connections[0]?.from).toEqual({ node: "a", port: "out" });
    expect(resolved.openOutputs.map(({ node, port }) => `${node}.${port}`)).toEqual(["a.err", "b.out"]);
  });

  it("opens every input of a node that nothing feeds, and none of one that has no inputs", () => {
    const resolved = pipeline(
      [
        ["mix", "Mixer"],
        ["s", "TestSource"],
      ],
      [],
    );
    expect(resolved.openInputs).toEqual([
      { node: "mix", port: "left", kinds: ["audio"], required: true },
      { node: "mix", port: "right", kinds: ["audio"], required: true },
    ]);
  });

  it("leaves an output that isn't required to who asks for it, once another of its node is connected", () => {
    const camera = descriptor("Camera", {}, {});
    const optional = { kinds: ["json" as const], required: false };
    const types = buildCatalog([
      { ...camera, outputs: { video: optional, audio: optional } },
      descriptor("Look", { in: ["json"] }, {}),
    ]);
    const open = (...connections: string[]) => {
      const nodes: [string, string][] = [
        ["cam", "Camera"],
        ["look", "Look"],
      ];
      const resolved = resolvePipeline(parseManifest(manifestText(nodes, connections)), types);
      return resolved.openOutputs.map(({ port, onRequest }) => `${port} ${onRequest}`);
    };
    expect(open()).toEqual(["video false", "audio false"]);
    expect(open("cam.video>look")).toEqual(["audio true"]);
  });

  it("lets an optional input stay unconnected", () => {
    const join = descriptor("Opt", {}, {});
    const inputs = {
      in: { kinds: ["json" as const], required: true },
      ctl: { kinds: ["json" as const], required: false },
    };
    const types = buildCatalog([{ ...join, inputs }, descriptor("Src", {}, { out: ["json"] })]);
    const manifest = parseManifest(
      manifestText(
        [
          ["s", "Src"],
          ["o", "Opt"],
        ],
        ["s>o"],
      ),
    );
    expect(resolvePipeline(manifest, types).openInputs).toEqual([]);
  });

  it("orders nodes so that each comes after all that feed it, else as the manifest does", () => {
    const pass = (id: string) => [id, "PassThrough"] as const;
    const resolved = pipeline(["d", "c", "b", "a"].map(pass), ["a>b", "b>d", "a>c"]);
    expect(resolved.topologicalOrder).toEqual(["a", "c", "b", "d"]);
  });

  it("handles thousands of nodes in a chain, and closed to a ring", () => {
    const count = 4000;
    const nodes = Array.from({ length: count }, (_, n) => [`n${n}`, "PassThrough"] as const);
    const chain = Array.from({ length: count - 1 }, (_, n) => `n${n}>n${n + 1}`);
    expect(pipeline(nodes, chain).topologicalOrder.length).toBe(count);
    const [problem] = problemsOf(nodes, [...chain, `n${count - 1}>n0`]);
    expect(problem).toContain("n0 → n1 → n2");
    expect(problem!.length).toBeLessThan(500);
  });
});

it("resolvePipeline throws nothing but errors of ours on arbitrary manifests that fit the schema", () => {
  const id = fc.constantFrom("a", "b", "c", "__proto__", "constructor");
  const type = fc.constantFrom(
    "PassThrough",
    "MultiplyNode",
    "VoiceActivity",
    "Mixer",
    "Join",
    "Own",
    "constructor",
  );
  const port = fc.option(fc.constantFrom("in", "out", "speech", "left", "toString"), { nil: undefined });
  const node = fc.record({
    id,
    node_type: type,
    params: fc.dictionary(fc.constantFrom("factor", "x"), fc.jsonValue()),
  });
  const connection = fc.record({ from: id, to: id, from_port: port, to_port: port });
  const manifest = fc.record({
    version: fc.constant("v1"),
    nodes: fc.array(node, { minLength: 1, maxLength: 5 }),
    connections: fc.array(connection, { maxLength: 6 }),
  });
  let sound = 0;
  fc.assert(
    fc.property(manifest, (document) => {
      try {
        resolvePipeline(parseManifest(JSON.stringify(document)), catalog("Own"));
        sound++;
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RemoteMediaError);
        expect((thrown as RemoteMediaError).family).toBe("config");
      }
    }),
    { numRuns: 800 },
  );
  expect(sound).toBeGreaterThan(0);
});
