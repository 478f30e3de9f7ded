// What is shown of a package before anybody runs it.
import { expect, test } from "vitest";
import { anonymousDescriptor } from "../../../agent/node/descriptor.ts";
import { type InspectOptions, inspectPackage } from "../../../agent/package/inspect-package.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { failure } from "../../support/failure.ts";
import {
  attest,
  fileOf,
  type MemoryPackage,
  makeKey,
  makePackage,
  openMemorySource,
  sign,
  withCarriers,
} from "./memory-package.ts";

const key = makeKey();
const policy = trustOnly([{ name: "operator", key: key.publicKey }]);
const descriptor = {
  name: "Denoise",
  version: "1.0.0",
  summary: "Less noise.",
  limits: { max_memory_mb: 32 },
  needs: { memory_gb: 1 },
};
const module = fileOf("modules/denoise.wasm", 3000);

const made = makePackage({
  files: [
    { ...module, base: "registry.test/base/denoise" },
    {
      path: "modules/denoise.node.json",
      bytes: new TextEncoder().encode(JSON.stringify(descriptor)),
      kind: "descriptor",
    },
    fileOf("models/door.onnx", 500),
    fileOf("models/other.onnx", 600),
  ],
  modules: { Denoise: { path: "modules/denoise.wasm" } },
  nodes: [
    { id: "clean", node_type: "Denoise", grants: { network: { http: ["api.test"] } }, host: "gpu" },
    { id: "pass", node_type: "PassThrough", limits: { max_execution_ms: 20 } },
    { id: "what", node_type: "Unheard", capabilities: { gpu: { type: "any" } } },
  ],
});
const [onnx] = openMemorySource(made).manifest.layers.filter(({ path }) => path === "models/door.onnx");
const predicate = {
  buildDefinition: {
    buildType: "https://example.test/build",
    externalParameters: {},
    resolvedDependencies: [
      { uri: "git+https://example.test/door", digest: { gitCommit: "ab".repeat(20) } },
      { name: "models/door.onnx", digest: { sha256: onnx!.descriptor.digest.slice(7) } },
    ],
  },
  runDetails: {
    builder: { id: "https://example.test/builder" },
    metadata: { startedOn: "2026-01-02T03:04:05Z", finishedOn: "2026-01-02T03:04:06Z" },
  },
};

const inspect = (of: MemoryPackage, options: InspectOptions = {}) =>
  inspectPackage(openMemorySource(of), {
    lookup: (type) => (type === "PassThrough" ? anonymousDescriptor(type) : undefined),
    ...options,
  });

test("nodes are shown with whose they are, what they may and what they ask for", async () => {
  const { nodes, name, digest, size } = await inspect(made);
  expect({ name, digest }).toEqual({ name: "doorbell", digest: made.digest });
  const blobs = [...made.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  expect(size).toBe(blobs + made.manifest.bytes.length);
  expect(nodes).toMatchObject([
    {
      id: "clean",
      from: "module",
      module: "modules/denoise.wasm",
      host: "gpu",
      limits: { max_memory_mb: 32, max_execution_ms: 5000 },
      grants: { network: { http: ["api.test"] } },
      needs: [{ memory_gb: 1 }],
    },
    { id: "pass", from: "builtin", limits: { max_memory_mb: 256, max_execution_ms: 20 }, needs: [] },
    { id: "what", from: "unknown", needs: [{ gpu: { type: "any" } }] },
  ]);
});

test("modules are shown with what they import, or with why that isn't known", async () => {
  const describeModule = async (bytes: Uint8Array) => {
    expect(bytes).toEqual(module.bytes);
    return { imports: ["remotemedia:node/log@1.0.0", "evil\u001b[2J"] };
  };
  const { modules } = await inspect(made, { describeModule });
  expect(modules).toMatchObject([
    {
      path: "modules/denoise.wasm",
      node_types: ["Denoise"],
      size: 3000,
      imports: ["remotemedia:node/log@1.0.0", "evil [2J"],
    },
  ]);
  const refused = await inspect(made, {
    describeModule: async () => {
      throw new RemoteMediaError("module-invalid", "no component");
    },
  });
  expect(refused.modules[0]).toMatchObject({ problem: { code: "module-invalid", message: "no component" } });
  expect((await inspect(made, { describeModule, maxModuleBytes: 100 })).modules[0]).toMatchObject({
    problem: { code: "module-too-complex" },
  });
});

test("each signature is judged by itself, and without a policy none is", async () => {
  const signed = withCarriers(made, ...sign(made, makeKey()), ...sign(made, key));
  const { signatures } = await inspect(signed, { policy });
  expect(signatures).toMatchObject([
    { layout: "bundle", verified: false, problem: { code: "signer-unknown" } },
    { layout: "simple", verified: false, problem: { code: "signer-unknown" } },
    { layout: "bundle", verified: true, signer: "operator", key_id: key.publicKey.keyId },
    { layout: "simple", verified: true, signer: "operator" },
  ]);
  expect(signatures[0]!.key_hint).toMatch(/^[A-Za-z0-9+/=]{44}$/);
  const unjudged = await inspect(signed);
  expect(unjudged.signatures.map(({ verified, problem }) => [verified, problem])).toEqual(
    Array(4).fill([false, undefined]),
  );
});

test("each file says where its bytes come from, and the provenance what it says and whether it counts", async () => {
  const attested = withCarriers(made, attest(made, key, predicate));
  const { origins, provenance, base_repositories } = await inspect(attested, { policy });
  expect(base_repositories).toEqual(["registry.test/base/denoise"]);
  expect(provenance).toMatchObject([
    {
      verified: true,
      signer: "operator",
      predicate_type: "https://slsa.dev/provenance/v1",
      builder: "https://example.test/builder",
      started: "2026-01-02T03:04:05Z",
      source: { uri: "git+https://example.test/door", digest: `gitCommit:${"ab".repeat(20)}` },
    },
  ]);
  expect(origins).toMatchObject([
    { path: "modules/denoise.wasm", from: "base", repository: "registry.test/base/denoise" },
    { path: "modules/denoise.node.json", from: "package" },
    { path: "models/door.onnx", from: "dependency", name: "models/door.onnx", verified: true },
    { path: "models/other.onnx", from: "package" },
  ]);
  const strangers = await inspect(withCarriers(made, attest(made, makeKey(), predicate)), { policy });
  expect(strangers.provenance).toMatchObject([{ verified: false, problem: { code: "signer-unknown" } }]);
  expect(strangers.origins[2]).toMatchObject({ from: "dependency", verified: false });
});

test("an inspection is JSON as it is", async () => {
  const inspection = await inspect(withCarriers(made, ...sign(made, key), attest(made, key, predicate)));
  expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection);
});

test("statements of any form are shown as far as they go", async () => {
  const odd = [
    {},
    { buildDefinition: 7 },
    { buildDefinition: { resolvedDependencies: [null, 7, { digest: 3 }] } },
  ];
  const carriers = odd.map((one) => attest(made, key, one));
  const { provenance } = await inspect(withCarriers(made, ...carriers));
  expect(provenance.map(({ dependencies }) => dependencies)).toEqual([[], [], [{}, {}, {}]]);
});

test("a pipeline that can't be parsed or has other bytes is refused", async () => {
  const broken = makePackage({ nodes: [{ id: "a" }] });
  expect(await failure(inspect(broken))).toMatchObject({ code: "manifest-schema" });
  const digest = openMemorySource(made).manifest.config.digest;
  const lying = { ...made, blobs: new Map([...made.blobs, [digest, fileOf("x").bytes] as const]) };
  expect(await failure(inspect(lying))).toMatchObject({ code: "digest-mismatch", where: { digest } });
});
