// A stage as a manifest: what a peer makes of it is what was placed on it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import type { ResolvedNode, ResolvedPipeline } from "../../../agent/manifest/resolved.ts";
import { placeNodes } from "../../../agent/placement/place-nodes.ts";
import { planStages } from "../../../agent/placement/plan-stages.ts";
import { isStateful, writeSubManifest } from "../../../agent/placement/sub-manifest.ts";
import { catalog, descriptor, manifestText, pipeline } from "../manifest/fixtures.ts";
import { local } from "./places-fixture.ts";

type Nodes = Parameters<typeof pipeline>[0];

function writeOnly(resolved: ResolvedPipeline): Record<string, unknown>[] {
  const planned = planStages(resolved, () => "peer");
  return planned.stages.map(
    (stage) => JSON.parse(writeSubManifest(resolved, stage)) as Record<string, unknown>,
  );
}

describe("writeSubManifest", () => {
  it("writes what a peer needs to run the stage, and nothing about who should", () => {
    const asked = {
      params: { factor: 3 },
      limits: { max_memory_mb: 32, max_fuel: 7 },
      on_error: { action: "skip", give_up_after: 2 },
      host: "gpu",
      capabilities: { cpu: { cores: 4 } },
      placement: { prefer: ["peer"], deadline_ms: 5 },
    };
    const resolved = pipeline(
      [
        ["a", "MultiplyNode", asked],
        ["b", "Own"],
      ],
      ["a>b"],
      ["Own", "Other"],
    );
    expect(writeOnly(resolved)).toEqual([
      {
        version: "v1",
        metadata: { name: "test" },
        modules: { Own: { path: "modules/Own.wasm" } },
        nodes: [
          {
            id: "a",
            node_type: "MultiplyNode",
            params: { factor: 3 },
            limits: {
              max_memory_mb: 32,
              max_execution_ms: 5000,
              max_fuel: 7,
              max_output_bytes: 64 * 2 ** 20,
              max_frames_out: 1024,
            },
            on_error: { action: "skip", give_up_after: 2 },
          },
          {
            id: "b",
            node_type: "Own",
            params: {},
            limits: {
              max_memory_mb: 256,
              max_execution_ms: 5000,
              max_output_bytes: 64 * 2 ** 20,
              max_frames_out: 1024,
            },
            on_error: { action: "restart", give_up_after: 5 },
          },
        ],
        connections: [{ from: "a", from_port: "out", to: "b", to_port: "in" }],
      },
    ]);
  });

  it("never raises a limit, whatever a device's policy made of it", () => {
    const manifest = parseManifest(manifestText([["a", "PassThrough", { limits: { max_fuel: 9 } }]], []));
    const policy = {
      maxMemoryBytes: 1_500_000,
      maxExecutionMs: 10.5,
      maxFuel: 2n ** 60n,
      maxOutputBytes: 100,
      maxFramesOut: 0.5,
    };
    const lowered = resolvePipeline(manifest, catalog(), { ...policy, maxFuel: 4n });
    expect(writeOnly(lowered)[0]?.["nodes"]).toMatchObject([
      {
        limits: {
          max_memory_mb: 1,
          max_execution_ms: 10,
          max_fuel: 4,
          max_output_bytes: 100,
          max_frames_out: 1,
        },
      },
    ]);
    const unmetered = parseManifest(manifestText([["a", "PassThrough"]], []));
    const huge = writeOnly(resolvePipeline(unmetered, catalog(), policy));
    expect(huge[0]?.["nodes"]).toMatchObject([{ limits: { max_fuel: Number.MAX_SAFE_INTEGER } }]);
  });

  it("resolves at the peer to the same nodes and connections, and runs there", () => {
    const more = fc.record(
      {
        limits: fc.record(
          {
            max_memory_mb: fc.integer({ min: 1, max: 4096 }),
            max_fuel: fc.integer({ min: 1, max: 2 ** 40 }),
            max_output_bytes: fc.integer({ min: 1, max: 2 ** 30 }),
          },
          { requiredKeys: [] },
        ),
        on_error: fc.record({
          action: fc.constantFrom("skip", "stop", "restart"),
          give_up_after: fc.integer({ min: 1, max: 99 }),
        }),
        host: fc.constantFrom("gpu", "gpu:7443"),
        placement: fc.record(
          { prefer: fc.constant(["peer"]), policy: fc.constantFrom("cost", "greedy") },
          { requiredKeys: [] },
        ),
        capabilities: fc.record({ memory_gb: fc.integer({ min: 100, max: 200 }) }),
      },
      { requiredKeys: [] },
    );
    const node = fc.tuple(
      fc.constantFrom("PassThrough", "AddNode", "Own", "Other", "Join"),
      more,
      fc.json({ maxDepth: 2 }),
    );
    const graph = fc.tuple(
      fc.array(node, { minLength: 1, maxLength: 20 }),
      fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 20 }),
    );
    fc.assert(
      fc.property(graph, ([types, ends]) => {
        const nodes: Nodes = types.map(([type, asked, text], n) => {
          const params =
            type === "Own" || type === "Other" ? { params: { any: JSON.parse(text) as unknown } } : {};
          return [`n${n}`, type, { ...asked, ...params }] as const;
        });
        const isOpen = (n: number) => types[n]?.[0] !== "Join";
        const pairs = ends
          .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
          .filter(([a, b]) => a < b && b < types.length && isOpen(a) && isOpen(b));
        const connections = [...new Set(pairs.map(([a, b]) => `n${a}>n${b}`))];
        const resolved = pipeline(nodes, connections, ["Own", "Other"]);
        const planned = planStages(resolved, (id) => (Number(id.slice(1)) % 5 === 0 ? "other" : "peer"));
        for (const stage of planned.stages) {
          const there = resolvePipeline(
            parseManifest(writeSubManifest(resolved, stage)),
            catalog("Own", "Other"),
          );
          expect(there.nodes.map(relevant)).toEqual(stage.nodes.map(relevant));
          expect(there.connections.map(({ from, to }) => ({ from, to }))).toEqual(stage.links);
          expect(there.openInputs.every((port) => port.node === stage.root)).toBe(true);
          const placed = placeNodes(there, [local()]);
          expect([...placed.decisions.values()].every(({ place }) => place === "local")).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

function relevant({ id, type, params, limits, policy, module }: ResolvedNode) {
  return { id, type, params, limits, policy, module };
}

describe("isStateful", () => {
  it("is what any node of the stage is", () => {
    const types = buildCatalog([
      descriptor("Plain", { in: ["json"] }, { out: ["json"] }),
      descriptor("Sum", { in: ["json"] }, { out: ["json"] }, { stateful: true }),
    ]);
    const resolved = resolvePipeline(
      parseManifest(
        manifestText(
          [
            ["a", "Plain"],
            ["b", "Plain"],
            ["c", "Sum"],
          ],
          ["a>b", "b>c"],
        ),
      ),
      types,
    );
    const { nodes } = planStages(resolved).stages[0]!;
    expect(isStateful({ nodes: nodes.slice(0, 2) })).toBe(false);
    expect(isStateful({ nodes })).toBe(true);
  });
});
