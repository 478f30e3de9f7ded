// The manifest of a package: what is taken, and everything that isn't.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyDescriptor,
  layerTypes,
  type PackageManifest,
} from "../../../agent/package/package-manifest.ts";
import { parsePackageManifest } from "../../../agent/package/parse-package-manifest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

const digests = ["a", "b", "c", "d"].map((digit) => `sha256:${digit.repeat(64)}`);
const title = "org.opencontainers.image.title";
const base = "dev.remotemedia.base.repository";

function layer(path: string, more: object = {}, mediaType = layerTypes.wasm) {
  return { mediaType, digest: digests[1], size: 5, annotations: { [title]: path, ...more } };
}

function manifest(layers: readonly unknown[] = [layer("modules/a.wasm")], more: object = {}) {
  return {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.remotemedia.pipeline.v1",
    config: { mediaType: "application/vnd.remotemedia.pipeline.config.v1+json", digest: digests[0], size: 9 },
    layers,
    ...more,
  };
}

function parse(document: unknown): PackageManifest {
  return parseBytes(
    new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document)),
  );
}

function parseBytes(bytes: Uint8Array): PackageManifest {
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
  return parsePackageManifest({ mediaType: "x/y", digest, size: bytes.length }, bytes);
}

function refusal(document: unknown): string {
  try {
    parse(document);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    const { code, message } = thrown as RemoteMediaError;
    return `${code}: ${message}`;
  }
  return "taken";
}

describe("parsePackageManifest", () => {
  it("tells what each layer is, where it goes, and which blobs are needed, each once", () => {
    const parsed = parse(
      manifest(
        [
          layer("modules/a.wasm", { [base]: "localhost:5000/nodes/a" }),
          layer("modules/b.wasm"),
          { ...layer("models/x/ä.onnx", {}, layerTypes.model), digest: digests[2], size: 2 ** 40 },
          { ...layer("modules/b.node.json", {}, layerTypes.descriptor), digest: digests[3] },
        ],
        { annotations: { [title]: "doorbell" } },
      ),
    );
    expect(parsed.layers.map(({ kind, path, base: from }) => [kind, path, from])).toEqual([
      ["wasm", "modules/a.wasm", "localhost:5000/nodes/a"],
      ["wasm", "modules/b.wasm", undefined],
      ["model", "models/x/ä.onnx", undefined],
      ["descriptor", "modules/b.node.json", undefined],
    ]);
    expect(parsed.blobs.map(({ digest }) => digest)).toEqual(digests);
    expect(parsed.annotations).toEqual({ [title]: "doorbell" });
  });

  it("takes one empty layer for none, as oras writes it too", () => {
    const parsed = parse(manifest([{ ...emptyDescriptor, data: "e30=" }]));
    expect(parsed.layers).toEqual([]);
    expect(parsed.blobs.map(({ digest }) => digest)).toEqual([digests[0], emptyDescriptor.digest]);
    expect(refusal(manifest([{ ...emptyDescriptor, data: "e31=" }]))).toContain("isn't empty");
    expect(refusal(manifest([{ ...emptyDescriptor, digest: digests[1] }]))).toContain("isn't empty");
    expect(refusal(manifest([emptyDescriptor, layer("modules/a.wasm")]))).toContain("no path");
  });

  it.each([
    "/modules/a",
    "modules",
    "modules/",
    "models//a",
    "modules/../a",
    "modules/..",
    "modules/./a",
    "./modules/a",
    "other/a",
    "modules\\a",
    "modules/a\\..\\b",
    "modules/a\u0000",
    "modules/a\n",
    "modules/\u202ea",
    "modules/\ud800",
    "C:/modules/a",
    "",
    `modules/${"x".repeat(256)}`,
    `modules/${"ä".repeat(128)}`,
    `modules/${"x/".repeat(600)}a`,
  ])("refuses the path %j", (path) => {
    expect(refusal(manifest([layer(path)]))).toMatch(/^package-invalid: /);
  });

  it.each([
    [["modules/a.wasm", "modules/a.wasm"], "there twice"],
    [["modules/a.wasm", "modules/A.wasm"], "case doesn't count"],
    [["modules/straße", "modules/STRASSE"], "case doesn't count"],
    [["modules/\u00e9", "modules/e\u0301"], "case doesn't count"],
    [["modules/a", "modules/a/b"], "a file and the folder"],
    [["modules/A/b/c", "modules/a/B"], "a file and the folder"],
  ])("refuses %j, which aren't files of one folder everywhere", (paths, why) => {
    expect(refusal(manifest(paths.map((path) => layer(path))))).toContain(why);
  });

  it.each([
    ["another schema", manifest([], { schemaVersion: 1 }), "schema 2"],
    ["another type", manifest([], { mediaType: "application/vnd.oci.image.index.v1+json" }), "schema 2"],
    ["no type", manifest([], { mediaType: undefined }), "schema 2"],
    ["another artifact", manifest([], { artifactType: "a/b" }), 'its artifact type is "a/b"'],
    ["no artifact type", manifest([], { artifactType: undefined }), "missing"],
    ["a subject", manifest([], { subject: emptyDescriptor }), '"subject"'],
    ["an unknown field", manifest([], { __proto__: null, extra: 1 }), '"extra"'],
    ["another config", manifest([], { config: { ...emptyDescriptor } }), "the package's config is"],
    ["a huge config", manifest([], { config: { ...manifest().config, size: 9e6 } }), "at most"],
    ["no layers", manifest([], { layers: undefined }), "isn't a list"],
    ["1025 layers", manifest(Array.from({ length: 1025 }, (_, n) => layer(`modules/${n}`))), "at most 1024"],
    ["a layer without a path", manifest([{ ...layer("x"), annotations: {} }]), "no path"],
    ["a layer of a foreign type", manifest([layer("modules/a", {}, "text/plain")]), "which no package has"],
    ["a model among modules", manifest([layer("modules/a", {}, layerTypes.model)]), "isn't for this folder"],
    ["a module among models", manifest([layer("models/a")]), "isn't for this folder"],
    [
      "a huge descriptor",
      manifest([{ ...layer("modules/a", {}, layerTypes.descriptor), size: 9e6 }]),
      "at most",
    ],
    ["a layer from elsewhere", manifest([{ ...layer("modules/a"), urls: ["https://a"] }]), '"urls"'],
    ["bytes in the manifest", manifest([{ ...layer("modules/a"), data: "AA==" }]), '"data"'],
    ["a base that is no repository", manifest([layer("modules/a", { [base]: "nowhere" })]), "isn't a HOST"],
    ["a base with a tag", manifest([layer("modules/a", { [base]: "h/r:1" })]), "isn't a repository alone"],
    [
      "two sizes of one blob",
      manifest([layer("modules/a"), { ...layer("modules/b"), size: 6 }]),
      "5 bytes, and 6",
    ],
    ["a negative size", manifest([{ ...layer("modules/a"), size: -1 }]), "no valid size"],
    ["half a byte", manifest([{ ...layer("modules/a"), size: 0.5 }]), "no valid size"],
    ["a size in words", manifest([{ ...layer("modules/a"), size: "5" }]), "no valid size"],
    ["a size beyond all", manifest([{ ...layer("modules/a"), size: 2 ** 41 }]), "no valid size"],
    [
      "a digest of another kind",
      manifest([{ ...layer("modules/a"), digest: "sha512:00" }]),
      "the digest of layer 1",
    ],
    ["an annotation that is no text", manifest([], { annotations: { a: 1 } }), "isn't a text"],
    ["a list", [], "isn't a JSON object"],
    ["no JSON", "{", "isn't JSON"],
    ["a byte order mark", `\ufeff${JSON.stringify(manifest())}`, "isn't JSON"],
    ["deep nesting", "[".repeat(1_000_000), "isn't JSON"],
    ["5 MB", " ".repeat(5_000_000), "at most 4194304"],
  ])("refuses %s", (_, document, why) => {
    const said = refusal(document);
    expect(said).toMatch(/^package-invalid: /);
    expect(said).toContain(why);
  });

  it("refuses bytes that aren't those of the descriptor", () => {
    const bytes = new TextEncoder().encode(JSON.stringify(manifest()));
    const descriptor = { ...parseBytes(bytes).descriptor };
    const wrong = [
      { ...descriptor, digest: emptyDescriptor.digest },
      { ...descriptor, size: descriptor.size + 1 },
    ];
    for (const one of wrong) {
      expect(() => parsePackageManifest(one, bytes)).toThrow(
        expect.objectContaining({ code: "digest-mismatch" }),
      );
    }
  });

  it("throws nothing but errors of ours on whatever stands in the place of anything", () => {
    const document = manifest([
      layer("modules/a.wasm", { [base]: "h/r" }),
      layer("models/b", {}, layerTypes.model),
    ]);
    const places = [
      ["config"],
      ["layers"],
      ["layers", 0],
      ["layers", 0, "annotations"],
      ["annotations"],
      ["layers", 1],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.string(),
        fc.jsonValue(),
        fc.boolean(),
        (place, key, value, inside) => {
          const changed = structuredClone(document) as unknown as Record<string | number, unknown>;
          let at = changed;
          for (const step of inside ? place : place.slice(0, -1)) {
            at[step] ??= {};
            at = at[step] as typeof at;
          }
          at[inside ? key : place.at(-1)!] = value;
          expect(refusal(changed)).toMatch(/^(taken|package-invalid: )/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
