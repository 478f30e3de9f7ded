// Folders with a small pipeline to be packed, and packages of it in files.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BuildEffects, buildPackage } from "../../../agent/package/build-package.ts";
import { type BuiltPackage, openBuiltPackage } from "../../../agent/package/built-package.ts";
import type { PackageSource } from "../../../agent/package/package-source.ts";
import { type AttachedReferrer, signatureManifests } from "../../../agent/package/signature-manifest.ts";
import { writePackageFile } from "../../../agent/package/write-package-file.ts";

/** A folder that goes with its disposal. */
export async function openScratch(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "remotemedia-package-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

type Files = Readonly<Record<string, string | Uint8Array>>;

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

export const smallPipeline = {
  version: "v1",
  metadata: { name: "doorbell", description: "rings", version: "1.2.0" },
  modules: { Denoise: { path: "lib/denoise.wasm" }, Gate: { path: "modules/gate.wasm" } },
  nodes: [
    { id: "clean", node_type: "Denoise", params: { strength: 0.5 } },
    { id: "gate", node_type: "Gate" },
  ],
  connections: [{ from: "clean", to: "gate" }],
};

export const smallFolder: Files = {
  "pipeline.json": JSON.stringify(smallPipeline, null, 2),
  "lib/denoise.wasm": "\0asm denoise",
  "lib/node.json": '{"name":"Denoise"}',
  "modules/gate.wasm": "\0asm gate",
  "models/tiny.onnx": "weights",
  "README.md": "not packed",
};

export function build(
  folder: string,
  effects: BuildEffects = {},
  name = "pipeline.json",
): Promise<BuiltPackage> {
  return buildPackage({ folder, manifestFile: join(folder, name) }, effects);
}

/** Something in the place of a signature, in both layouts: nothing here verifies it. */
export function someSignature(built: BuiltPackage): readonly AttachedReferrer[] {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const signature = { bundle: bytes('{"bundle":1}'), simple: { payload: bytes("{}"), signature: "c2ln" } };
  return signatureManifests(signature, built.manifest.descriptor);
}

export async function fileBytes(built: BuiltPackage, referrers = someSignature(built)): Promise<Uint8Array> {
  return collect(writePackageFile(openBuiltPackage(built, "built"), referrers).chunks());
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await Array.fromAsync(pieces)));
}

/** Reads all that a package is, each blob held to its digest. */
export async function readAll(source: PackageSource): Promise<void> {
  for await (const _ of writePackageFile(source, []).chunks());
}
