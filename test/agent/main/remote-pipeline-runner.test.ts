// RemotePipelineNode: what its params bring along is held to what can be run for it.
import { describe, expect, test } from "vitest";
import { readInnerPipeline } from "../../../agent/main/remote-pipeline-runner.ts";
import { buildCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import { remotePipelineDescriptor } from "../../../agent/native/nodes/remote-pipeline-params.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

function nodeOf(params: object) {
  const manifest = { version: "v1", nodes: [{ id: "far", node_type: "RemotePipelineNode", params }] };
  const catalog = buildCatalog([], new Map(), [remotePipelineDescriptor]);
  return resolvePipeline(parseManifest(JSON.stringify(manifest)), catalog).nodes[0]!;
}

function codeOf(params: object): string {
  try {
    readInnerPipeline(nodeOf(params));
    return "it was read";
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return thrown.code;
    throw thrown;
  }
}

const chain = {
  version: "v1",
  nodes: [
    { id: "mul", node_type: "MultiplyNode", params: { factor: 2 } },
    { id: "add", node_type: "AddNode", params: { addend: 10 } },
  ],
  connections: [{ from: "mul", to: "add" }],
};

describe("a RemotePipelineNode", () => {
  test("knows where its pipeline's one way in and its ways out are", () => {
    const inner = readInnerPipeline(nodeOf({ endpoints: ["attic", "10.0.0.7:7400"], manifest: chain }));
    expect(inner).toMatchObject({ entry: { node: "mul", port: "in" }, exits: ["add.out"] });
    expect(inner.params.endpoints).toEqual(["attic", "10.0.0.7:7400"]);
    expect(JSON.parse(inner.manifest)).toEqual(chain);
  });

  test("asks for a pipeline by its name as for the one node that it looks like", () => {
    const inner = readInnerPipeline(nodeOf({ endpoint: "attic", pipeline_name: "doorbell" }));
    expect(inner).toMatchObject({ stateful: true, exits: ["pipeline.out"], entry: { node: "pipeline" } });
    expect(JSON.parse(inner.manifest).nodes).toEqual([
      { id: "pipeline", node_type: "RemotePipelineNode", params: { pipeline_name: "doorbell" } },
    ]);
  });

  test.each([
    ["no endpoint", { manifest: chain }],
    ["two ways in", { endpoint: "attic", manifest: { version: "v1", nodes: chain.nodes } }],
    [
      "a node that two feed",
      {
        endpoint: "attic",
        manifest: {
          version: "v1",
          nodes: [
            { id: "a", node_type: "PassThrough" },
            { id: "b", node_type: "PassThrough" },
            { id: "c", node_type: "PassThrough" },
            { id: "d", node_type: "PassThrough" },
          ],
          connections: [
            { from: "a", to: "b" },
            { from: "a", to: "c" },
            { from: "b", to: "d" },
            { from: "c", to: "d" },
          ],
        },
      },
    ],
  ])("with %s is refused", (_, params) => {
    expect(codeOf(params)).toBe("node-invalid-params");
  });

  test("with a manifest that is none says what is wrong in it", () => {
    expect(codeOf({ endpoint: "attic", manifest: { version: "v2" } })).toBe("manifest-schema");
    const unknown = { version: "v1", nodes: [{ id: "a", node_type: "Nobody" }] };
    expect(codeOf({ endpoint: "attic", manifest: unknown })).toBe("node-unknown");
  });
});
