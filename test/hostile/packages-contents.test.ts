// Packages that are put together to mislead or to exhaust: indexes in circles, lying descriptors, bombs. Some are well signed.
import { truncate } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseManifest } from "../../agent/manifest/parse-manifest.ts";
import { digestBytes } from "../../agent/package/collect-blob.ts";
import { layerTypes, packageType, pipelineConfigType } from "../../agent/package/package-manifest.ts";
import { tarEnd, writeTarHeader } from "../../agent/package/tar-writer.ts";
import { trustOnly } from "../../agent/trust/trust-policy.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { imageIndexType, imageManifestType } from "../../platform/contract/oci.ts";
import { type MemoryPackage, makePackage, sign } from "../agent/package/memory-package.ts";
import { key, layoutOf, PackageStand, tarOf } from "./package-stand.ts";

const policy = trustOnly([{ name: "ada", key: key.publicKey }]);
const lax = { ...policy, allowUnsigned: true };
const encode = (value: unknown) => Buffer.from(JSON.stringify(value), "utf8");
const pointTo = (mediaType: string, bytes: Uint8Array, more: object = {}) => ({
  mediaType,
  digest: digestBytes(bytes),
  size: bytes.length,
  ...more,
});
const indexOf = (...manifests: readonly object[]) => ({
  schemaVersion: 2,
  mediaType: imageIndexType,
  manifests,
});

const config = encode({
  version: "v1",
  metadata: { name: "doorbell" },
  nodes: [{ id: "a", node_type: "PassThrough" }],
});
const module = Buffer.from("module");
const title = (path: string) => ({ annotations: { "org.opencontainers.image.title": path } });
const layer = pointTo(layerTypes.wasm, module, title("modules/a.wasm"));

type Manifest = Record<string, unknown>;
const manifest: Manifest = {
  schemaVersion: 2,
  mediaType: imageManifestType,
  artifactType: packageType,
  config: pointTo(pipelineConfigType, config),
  layers: [layer],
};

/** An unsigned package whose manifest says something else. */
function packageOf(changes: Manifest, more: readonly Uint8Array[] = []): Buffer {
  const bytes = encode({ ...manifest, ...changes });
  return layoutOf(indexOf(pointTo(imageManifestType, bytes)), [bytes, config, module, ...more]);
}

/** A package with this as its pipeline's manifest, rightly signed: the signer is trusted and means harm. */
function signedWith(pipeline: Uint8Array): Buffer {
  const bytes = encode({ ...manifest, config: pointTo(pipelineConfigType, pipeline) });
  const descriptor = pointTo(imageManifestType, bytes);
  const signed: MemoryPackage = {
    ...makePackage(),
    digest: descriptor.digest,
    manifest: { descriptor, bytes },
  };
  const [{ referrer, blobs }] = sign(signed, key);
  const parts = [referrer, ...blobs].map((part) => part.bytes);
  return layoutOf(indexOf(descriptor, referrer.descriptor), [bytes, pipeline, module, ...parts]);
}

let stand: PackageStand;
beforeAll(async () => {
  stand = await PackageStand.open();
});
afterAll(() => stand[Symbol.asyncDispose]());

test("what the cases below change is taken as it is", async () => {
  expect(await stand.codeOf(packageOf({}), lax)).toBe("taken");
  expect(await stand.codeOf(signedWith(config), policy)).toBe("taken");
});

describe("an index", () => {
  const own = encode(manifest);
  const point = pointTo(imageManifestType, own);
  const inner = encode(indexOf(point));
  const circular = encode(
    indexOf({ mediaType: imageIndexType, digest: `sha256:${"0".repeat(64)}`, size: 1 }),
  );
  const cases: [string, object, Uint8Array[]][] = [
    ["in an index", indexOf(pointTo(imageIndexType, inner)), [inner]],
    ["beside an index", indexOf(point, pointTo(imageIndexType, inner)), [inner]],
    ["that leads in circles", indexOf(pointTo(imageIndexType, circular)), [circular]],
    ["passed off as a manifest", indexOf(pointTo(imageManifestType, inner)), [inner]],
    ["of two packages", indexOf(point, pointTo(imageManifestType, encode({ ...manifest, layers: [] }))), []],
    ["with a wrong digest", indexOf({ ...point, digest: digestBytes(module), size: module.length }), []],
    ["with a size too small", indexOf({ ...point, size: own.length - 1 }), []],
    ["with a size too large", indexOf({ ...point, size: 2 ** 39 }), []],
    ["with a negative size", indexOf({ ...point, size: -1 }), []],
    ["with a size in text", indexOf({ ...point, size: "1" }), []],
    ["of nothing", indexOf(), []],
    ["with 1025 manifests", indexOf(...Array.from({ length: 1025 }, () => point)), []],
    ["with another's prototype", JSON.parse('{"__proto__":{"schemaVersion":2},"manifests":[]}'), []],
  ];
  test.each(cases)("%s", async (_, index, more) => {
    const layout = layoutOf(index, [own, config, module, ...more]);
    expect(["package-invalid", "digest-mismatch"]).toContain(await stand.codeOf(layout, lax));
  });
});

describe("a manifest", () => {
  const many = Array.from({ length: 1025 }, (_, at) =>
    pointTo(layerTypes.wasm, module, title(`modules/${at}.wasm`)),
  );
  const cases: [string, Manifest][] = [
    ["that has a subject", { subject: pointTo(imageManifestType, module) }],
    ["of an image", { artifactType: undefined }],
    ["of another artifact", { artifactType: "application/vnd.oci.image.config.v1+json" }],
    ["with an image's config", { config: pointTo("application/vnd.oci.image.config.v1+json", config) }],
    ["whose config is a layer", { config: { ...layer, mediaType: layerTypes.wasm } }],
    ["whose config is large", { config: { ...pointTo(pipelineConfigType, config), size: 2 ** 33 } }],
    ["without layers", { layers: undefined }],
    ["with 1025 layers", { layers: many }],
    [
      "with a compressed layer",
      { layers: [pointTo("application/vnd.oci.image.layer.v1.tar+gzip", module, title("modules/a.wasm"))] },
    ],
    ["with a script", { layers: [pointTo("text/javascript", module, title("modules/a.js"))] }],
    ["with a layer elsewhere", { layers: [{ ...layer, urls: ["https://elsewhere.example/"] }] }],
    ["with a layer inside it", { layers: [{ ...layer, data: "bW9kdWxl" }] }],
    ["with a layer that lies about its size", { layers: [{ ...layer, size: module.length + 1 }] }],
    ["with one blob of two sizes", { layers: [layer, { ...layer, size: 1, ...title("modules/b.wasm") }] }],
    ["with a layer that isn't there", { layers: [{ ...layer, digest: digestBytes(Buffer.from("gone")) }] }],
    ["with a layer of another hash", { layers: [{ ...layer, digest: `sha512:${"0".repeat(128)}` }] }],
    ["with a layer without a path", { layers: [pointTo(layerTypes.wasm, module)] }],
    ["with two layers at one path", { layers: [layer, layer] }],
    ["with two paths of one spelling", { layers: [layer, { ...layer, ...title("modules/A.wasm") }] }],
    ["with a file as a folder", { layers: [layer, { ...layer, ...title("modules/a.wasm/b.wasm") }] }],
  ];
  const paths = [
    "",
    ".",
    "..",
    "/etc/passwd",
    "../modules/a.wasm",
    "modules/../../a.wasm",
    "modules//a.wasm",
    "modules/./a.wasm",
    "modules/",
    "modules/a\\b.wasm",
    "modules/a\0.wasm",
    "modules/a\n.wasm",
    "modules/\u202ea.wasm",
    "meta/signature.sigstore.json",
    "manifest.json",
    "node_modules/a.wasm",
    "models/a.wasm",
    `modules/${"a".repeat(5000)}`,
    "C:/a.wasm",
  ];
  test.each(cases)("%s", async (_, changes) => {
    expect(["package-invalid", "digest-mismatch"]).toContain(await stand.codeOf(packageOf(changes), lax));
  });

  test.each(paths.map((path) => [JSON.stringify(path.slice(0, 60)), path]))(
    "with a layer at %s",
    async (_, path) => {
      const layers = [{ ...layer, ...title(path) }];
      expect(await stand.codeOf(packageOf({ layers }), lax)).toBe("package-invalid");
    },
  );
});

describe("a pipeline, rightly signed,", () => {
  const deep = Buffer.from(
    `{"version":"v1","metadata":${"[".repeat(500_000)}${"]".repeat(500_000)},"nodes":[]}`,
  );
  const refused: [string, Uint8Array][] = [
    ["that is no JSON", Buffer.from("{")],
    ["that is empty", Buffer.from("")],
    [
      "whose name is a megabyte",
      encode({ version: "v1", metadata: { name: "a".repeat(2 ** 20) }, nodes: [] }),
    ],
    ["whose name is a list", encode({ version: "v1", metadata: { name: ["doorbell"] }, nodes: [] })],
  ];
  test.each(refused)("%s isn't unpacked", async (_, pipeline) => {
    expect(await stand.codeOf(signedWith(pipeline), policy)).toBe("package-invalid");
  });

  // What is signed and a JSON object is unpacked; whether it is a pipeline is asked when it is loaded.
  const useless: [string, Buffer][] = [
    ["that nests 500 000 deep", deep],
    ["without nodes", encode({ version: "v1" })],
    ["with a prototype of its own", Buffer.from('{"__proto__":{"metadata":{"name":"doorbell"}}}')],
  ];
  test.each(useless)("%s lies in its place and doesn't load", async (_, pipeline) => {
    await stand.put(signedWith(pipeline));
    const { files } = await stand.take(policy);
    expect(files).toEqual({ "manifest.json": digestBytes(pipeline), "modules/a.wasm": digestBytes(module) });
    expect(() => parseManifest(pipeline.toString())).toThrow(RemoteMediaError);
  });

  test("whose name climbs is unpacked at its digest, not at its name", async () => {
    const pipeline = encode({ version: "v1", metadata: { name: "../../x" }, nodes: [] });
    await stand.put(signedWith(pipeline));
    expect((await stand.take(policy)).files["manifest.json"]).toBe(digestBytes(pipeline));
  });
});

describe("bombs end soon and cost little memory", () => {
  /** Refused within seconds, with at most this much more memory than before, in bytes. */
  async function expectCheap(code: string): Promise<void> {
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    const started = performance.now();
    expect(await stand.codeOf(undefined, lax)).toBe(code);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  }

  test("an index of 100 MB is refused by its size", async () => {
    await stand.put(tarOf([["index.json", Buffer.alloc(100 * 2 ** 20, 0x20)]]));
    await expectCheap("package-invalid");
    await stand.put(
      tarOf([
        ["oci-layout", encode({ imageLayoutVersion: "1.0.0" })],
        ["index.json", Buffer.alloc(100 * 2 ** 20, 0x20)],
      ]),
    );
    await expectCheap("package-invalid");
  });

  test("a manifest of 100 MB is refused by its size, whatever its digest", async () => {
    const bytes = Buffer.alloc(100 * 2 ** 20, 0x20);
    await stand.put(layoutOf(indexOf(pointTo(imageManifestType, bytes)), [bytes]));
    await expectCheap("package-invalid");
  });

  test("an index that nests a million deep is refused", async () => {
    const index = `{"schemaVersion":2,"manifests":${"[".repeat(10 ** 6)}${"]".repeat(10 ** 6)}}`;
    await stand.put(layoutOf(Buffer.from(index), []));
    await expectCheap("package-invalid");
  });

  test("a file of a million entries is refused at the first that is too many", async () => {
    const headers = Array.from({ length: 100_001 }, (_, at) =>
      writeTarHeader(`blobs/sha256/${at.toString(16).padStart(64, "0")}`, 0),
    );
    await stand.put(Buffer.concat([...headers, tarEnd()]));
    // What is behind the limit isn't looked at: these entries would be zeros.
    await truncate(stand.file, 10 ** 6 * 512);
    await expectCheap("package-invalid");
  }, 60_000);

  test("a terabyte of nothing behind the end is refused", async () => {
    await stand.put(tarEnd());
    await truncate(stand.file, 2 ** 40);
    await expectCheap("package-invalid");
  });
});
