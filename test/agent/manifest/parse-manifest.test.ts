// Manifest text → Manifest, and what is said about text that doesn't fit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { listProblems, thrownBy } from "./fixtures.ts";

const calculator = `{
  "version": "v1",
  "metadata": { "name": "calculator" },
  "nodes": [
    { "id": "mul", "node_type": "MultiplyNode", "params": { "factor": 2 } },
    { "id": "add", "node_type": "AddNode", "params": { "addend": 10 } }
  ],
  "connections": [{ "from": "mul", "to": "add" }]
}`;

/** The problems of a manifest whose first node has these fields. */
function nodeProblems(fields: string): string[] {
  const text = `{"version": "v1", "nodes": [{"id": "a", "node_type": "T", ${fields}}]}`;
  return listProblems(thrownBy(() => parseManifest(text)));
}

describe("parseManifest", () => {
  it("reads a manifest and fills in what is optional", () => {
    const manifest = parseManifest(calculator, "pipeline.json");
    expect(manifest.name).toBe("calculator");
    expect(manifest.connections).toEqual([{ from: "mul", to: "add" }]);
    expect(manifest.placementPolicy).toBe("latency");
    expect(manifest.nodes[0]).toEqual({
      id: "mul",
      node_type: "MultiplyNode",
      params: { factor: 2 },
      limits: {},
      on_error: { action: "restart", give_up_after: 5 },
    });
  });

  it("reads every field of the contract's example", () => {
    const text = `{
      "version": "v1",
      "metadata": { "name": "doorbell", "description": "speech at the door, classified upstream" },
      "modules": { "Denoise": { "path": "modules/denoise.wasm" } },
      "nodes": [
        { "id": "clean", "node_type": "Denoise", "params": { "strength": 0.5 },
          "limits": { "max_memory_mb": 32, "max_execution_ms": 50 }, "on_error": { "action": "restart", "give_up_after": 5 } },
        { "id": "classify", "node_type": "OnnxInference", "params": { "model": "models/doorbell.onnx" },
          "capabilities": { "gpu": { "type": "any", "min_memory_gb": 2, "required": false, "preferred": true } },
          "placement": { "prefer": ["peer", "local"], "deadline_ms": 80 }, "host": "webrtc://desk:7000/classify",
          "grants": { "filesystem": { "read": ["models/"] }, "network": { "http": ["api.example.com"] } } }
      ],
      "connections": [{ "from": "clean", "from_port": "out", "to": "classify", "to_port": "in" }],
      "placement": { "policy": "cost" }
    }`;
    const manifest = parseManifest(text);
    expect(manifest.modules).toEqual({ Denoise: { path: "modules/denoise.wasm" } });
    expect(manifest.nodes[1]?.grants?.network?.http).toEqual(["api.example.com"]);
    expect(manifest.placementPolicy).toBe("cost");
  });

  it("gives the file, path, line and column of a field that is not known, and the one that was meant", () => {
    const text = calculator.replace('"params": { "factor"', '"param": { "factor"');
    const error = thrownBy(() => parseManifest(text, "pipeline.json"));
    expect(error.code).toBe("manifest-schema");
    expect(error.message).toBe('unknown field "param"');
    expect(error.hint).toBe('did you mean "params"?');
    expect(error.where).toEqual({ file: "pipeline.json", path: "nodes[0].param", line: 5, column: 49 });
    expect(error.problems).toEqual([]);
  });

  it("says where a field belongs that was written one level off", () => {
    expect(nodeProblems('"connections": []')).toEqual([
      'manifest-schema nodes[0].connections: unknown field "connections" (it belongs beside `nodes`)',
    ]);
    const text = calculator.replace('"metadata"', '"grants": {}, "metadata"');
    expect(thrownBy(() => parseManifest(text)).hint).toBe("it belongs in an element of `nodes`");
  });

  it("lists every mistake in the order of the document, and stands for the first", () => {
    const text = `{
      "version": "1.0",
      "nodes": [
        { "id": "a b", "node_type": "T", "limits": { "max_memory": 1, "max_frames_out": 0 } },
        { "id": "b", "params": [] }
      ],
      "connections": [{ "from": "a", "to": 3 }]
    }`;
    const error = thrownBy(() => parseManifest(text));
    expect(error.message).toBe('expected "v1", found "1.0" (and 6 more problems)');
    expect(listProblems(error)).toEqual([
      'manifest-schema version: expected "v1", found "1.0"',
      'manifest-schema nodes[0].id: expected letters, digits, underscores and dashes, found "a b"',
      'manifest-schema nodes[0].limits.max_memory: unknown field "max_memory" (did you mean "max_memory_mb"?)',
      "manifest-schema nodes[0].limits.max_frames_out: expected at least 1, found 0",
      'manifest-schema nodes[1].node_type: missing field "node_type" (it must be a string)',
      "manifest-schema nodes[1].params: expected an object, found a list of 0",
      "manifest-schema connections[0].to: expected a string, found 3",
    ]);
  });

  it("stops at a hundred problems", () => {
    const nodes = Array.from({ length: 4000 }, () => '{"idd": 1}').join(",");
    const error = thrownBy(() => parseManifest(`{"version": "v1", "nodes": [${nodes}]}`));
    expect(error.problems.length).toBe(100);
    const fields = Array.from({ length: 50_000 }, (_, n) => `"k${n}": 1`).join(",");
    expect(thrownBy(() => parseManifest(`{${fields}}`)).problems.length).toBe(100);
  });

  it.each([
    ["[]", "expected an object, found a list of 0"],
    ["null", "expected an object, found null"],
    ['{"version": "v1", "nodes": []}', "expected at least 1 element, found a list of 0"],
    ['{"version": "v1"}', 'missing field "nodes"'],
  ])("refuses %s", (text, message) => {
    expect(thrownBy(() => parseManifest(text)).message).toBe(message);
  });

  it.each([
    ["/etc/passwd"],
    ["../up.wasm"],
    ["a/../../b.wasm"],
    ["a\\\\b.wasm"],
    ["C:/x.wasm"],
    ["https://x/y.wasm"],
    ["a\\n/../b"],
    ["a\\u2028/../b"],
    [".."],
    [""],
  ])("refuses the module path %j", (path) => {
    const text = `{"version": "v1", "modules": {"M": {"path": "${path}"}}, "nodes": [{"id": "a", "node_type": "M"}]}`;
    expect(thrownBy(() => parseManifest(text)).where?.path).toBe("modules.M.path");
  });

  it("takes a module's base by its digest alone", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const text = (base: string) =>
      `{"version": "v1", "modules": {"M": {"path": "m.wasm", "base": "${base}"}}, "nodes": [{"id": "a", "node_type": "M"}]}`;
    const base = `oci://localhost:5000/nodes/denoise@${digest}`;
    expect(parseManifest(text(base)).modules["M"]).toEqual({ path: "m.wasm", base });
    for (const other of [
      "oci://localhost:5000/a:1",
      `oci://localhost:5000/a:1@${digest}`,
      `https://a/b@${digest}`,
    ]) {
      const error = thrownBy(() => parseManifest(text(other)));
      expect([error.code, error.where?.path]).toEqual(["manifest-schema", "modules.M.base"]);
    }
  });

  it("names the nearest of the values that a field takes", () => {
    expect(nodeProblems('"on_error": {"action": "restrat"}')).toEqual([
      'manifest-schema nodes[0].on_error.action: expected "restart" or "skip" or "stop", found "restrat" (did you mean "restart"?)',
    ]);
  });
});

describe("the SDK's own fields", () => {
  it("work where they can be honoured", () => {
    const text = `{
      "version": "v1",
      "metadata": { "name": "x", "created_at": "2025-10-22T12:00:00Z", "auto_negotiate": false },
      "plugins": [],
      "nodes": [
        { "id": "a", "node_type": "A", "params": {}, "is_streaming": true, "runtime_hint": "auto", "is_output_node": false,
          "fast_path": true, "python_deps": [], "execution": { "placement": "prefer_local", "reason": "small" },
          "capabilities": { "cpu": { "cores": 2 }, "memory_gb": 1.0 }, "host": "gpu-server:50051" },
        { "id": "b", "node_type": "B" }
      ],
      "edges": [{ "from": "a", "to": "b" }]
    }`;
    const manifest = parseManifest(text);
    expect(manifest.connections).toEqual([{ from: "a", to: "b" }]);
    expect(manifest.where(["edges", 0, "to"]).line).toBe(11);
  });

  it.each([
    ["runtime_hint", '"cpython"'],
    ["python_deps", '["numpy"]'],
    ["media_capabilities", '{"inputs": {}}'],
    ["docker", '{"image": "x"}'],
    ["is_output_node", "true"],
    ["execution", '{"placement": "remote"}'],
    ["execution", '{"placement": "auto", "fallback": "b"}'],
  ])("refuse %s: %s by name, with the reason", (field, value) => {
    const [problem] = nodeProblems(`"${field}": ${value}`);
    expect(problem).toMatch(
      new RegExp(`^manifest-unsupported nodes\\[0\\].${field}.*: "${field}" can't be honoured`),
    );
  });

  it.each([
    ["plugins", '["libx.so"]'],
    ["python_env", '{"python_version": "3.11"}'],
  ])("refuse %s at the top", (field, value) => {
    const text = `{"version": "v1", "${field}": ${value}, "nodes": [{"id": "a", "node_type": "T"}]}`;
    expect(thrownBy(() => parseManifest(text)).code).toBe("manifest-unsupported");
  });

  it("are not listed as what could have been meant when they are refused anyway", () => {
    const [problem] = nodeProblems('"dockre": {}');
    expect(problem).not.toContain('"docker"');
  });

  it("edges and connections together are refused at the place of the edges", () => {
    const text =
      '{"version": "v1", "nodes": [{"id": "a", "node_type": "T"}],\n"edges": [], "connections": []}';
    expect(thrownBy(() => parseManifest(text)).where).toMatchObject({ path: "edges", line: 2, column: 1 });
  });
});

it("parseManifest throws nothing but errors of ours, each with a place, on arbitrary JSON near a manifest", () => {
  const key = fc.constantFrom(
    "version",
    "nodes",
    "connections",
    "id",
    "node_type",
    "params",
    "limits",
    "from",
    "gpu",
    "x",
  );
  const value = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("v1", "a", "", 1, -1, 1e300, null, true),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(key, tie("json"), { maxKeys: 5 }),
    ),
  })).json;
  const near = fc.record({
    version: fc.constant("v1"),
    nodes: fc.array(fc.dictionary(key, value)),
    connections: value,
  });
  fc.assert(
    fc.property(fc.oneof(value, near), (json) => {
      try {
        parseManifest(JSON.stringify(json));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RemoteMediaError);
        expect((thrown as RemoteMediaError).where?.line).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});
