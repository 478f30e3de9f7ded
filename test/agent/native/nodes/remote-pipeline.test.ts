// RemotePipelineNode's params: upstream's, read or refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkParams } from "../../../../agent/manifest/check-params.ts";
import { compileParamsSchema } from "../../../../agent/manifest/params-schema.ts";
import { parseRemotePipeline, remotePipeline } from "../../../../agent/native/nodes/remote-pipeline.ts";
import { thrownBy } from "../../manifest/fixtures.ts";

const manifest = { version: "v1", nodes: [{ id: "a", node_type: "PassThrough" }] };
const read = (params: Record<string, unknown>) => parseRemotePipeline(params, "remote");
const schema = compileParamsSchema(remotePipeline.descriptor.params!);

/** As the SDK's own example has them, but for the transport. */
const upstream = {
  transport: "webrtc",
  endpoint: "tts-server.example.com:50051",
  manifest,
  timeout_ms: 10_000,
  retry: { max_retries: 3, backoff_ms: 1000 },
};

describe("parseRemotePipeline", () => {
  it("reads upstream's example", () => {
    expect(read(upstream)).toEqual({
      endpoints: ["tts-server.example.com:50051"],
      source: { kind: "manifest", manifest: JSON.stringify(manifest) },
      timeoutMs: 10_000,
      retry: { maxRetries: 3, backoffMs: 1000 },
      breaker: { failureThreshold: 5, successThreshold: 2, resetTimeoutMs: 60_000 },
      strategy: "round_robin",
    });
  });

  it("fills in upstream's defaults, in a manifest's check as well", () => {
    const given = { endpoint: "gpu", pipeline_name: "classify" };
    const checked = checkParams(schema, given);
    expect(checked.problems).toEqual([]);
    expect(read(checked.params)).toEqual(read(given));
    expect(read(given)).toMatchObject({ timeoutMs: 30_000, retry: { maxRetries: 3, backoffMs: 1000 } });
    const half = checkParams(schema, { ...given, retry: { max_retries: 0 } });
    expect(half.params).toMatchObject({ retry: { max_retries: 0, backoff_ms: 1000 } });
  });

  it("takes the pipeline that an address names", () => {
    const endpoints = [
      "webrtc://gpu:7443/classify",
      "webrtc://[fd00::1]:7443/classify",
      "webrtc://gpu:7443/classify",
    ];
    expect(read({ endpoints })).toMatchObject({
      endpoints: ["webrtc://gpu:7443", "webrtc://[fd00::1]:7443"],
      source: { kind: "name", name: "classify" },
    });
    expect(read({ endpoint: "gpu/classify", pipeline_name: "classify" }).endpoints).toEqual(["gpu"]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["no peer", { manifest }, "it names no peer"],
    ["both forms of endpoint", { endpoint: "a", endpoints: ["b"], manifest }, "not both"],
    [
      "an endpoint that is no address",
      { endpoint: "http://gpu/../x", manifest },
      '"http://gpu/../x" is not a peer',
    ],
    ["no pipeline", { endpoint: "a" }, "it names no pipeline"],
    [
      "two pipelines",
      { endpoint: "a", manifest, pipeline_name: "x" },
      'it names 2 pipelines: `manifest`, "x"',
    ],
    ["two names", { endpoints: ["a/x", "a/y"] }, 'it names 2 pipelines: "x", "y"'],
    [
      "a manifest beyond the wire",
      { endpoint: "a", manifest: { text: "x".repeat(2 ** 20) } },
      "more than 131072 characters",
    ],
  ])("refuses %s", (_, params, message) => {
    const error = thrownBy(() => read(params));
    expect(error.code).toBe("node-invalid-params");
    expect(error.message).toContain(message);
    expect(error.where?.node).toBe("remote");
  });

  it.each<[string, Record<string, unknown>]>([
    ["grpc", { transport: "grpc" }],
    ["a token: who may is told by membership", { auth_token: "secret" }],
    ["a manifest from the web", { manifest_url: "https://example.com/m.json" }],
    ["an endpoint with what no address has", { endpoint: "gpu?x=1" }],
    ["a strategy of its own", { load_balance_strategy: "fastest" }],
    ["an unknown part of retry", { retry: { retries: 1 } }],
    ["no time", { timeout_ms: 0 }],
  ])("refuses %s, in a manifest's check as well", (_, params) => {
    expect(thrownBy(() => read({ ...upstream, ...params })).code).toBe("node-invalid-params");
    expect(checkParams(schema, { ...upstream, ...params }).problems).toHaveLength(1);
  });

  it("reads or refuses anything, and throws nothing else", () => {
    const anything = fc.oneof(
      fc.dictionary(fc.string(), fc.anything()),
      fc.record(Object.fromEntries(Object.keys(upstream).map((key) => [key, fc.anything()])), {
        requiredKeys: [],
      }),
    );
    fc.assert(
      fc.property(anything, (params) => {
        try {
          expect(read(params).endpoints.length).toBeGreaterThan(0);
        } catch (thrown) {
          expect((thrown as { code?: string }).code).toBe("node-invalid-params");
        }
      }),
    );
  });
});
