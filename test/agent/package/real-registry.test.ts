// Packages through real registries into a real store on disk, and out again.
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportPackage } from "../../../agent/package/export-package.ts";
import { installPackage } from "../../../agent/package/install-package.ts";
import { pushPackage } from "../../../agent/package/push-package.ts";
import { pushSignatures } from "../../../agent/package/push-signatures.ts";
import { readSignatures } from "../../../agent/package/read-signatures.ts";
import { openRegistryPackage } from "../../../agent/package/registry-package.ts";
import { openStoredPackage } from "../../../agent/package/stored-package.ts";
import { verifyPackage } from "../../../agent/package/verify-package.ts";
import { writePackageFile } from "../../../agent/package/write-package-file.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { openRegistryClient, type RegistryClient } from "../../../platform/oci/open-registry-client.ts";
import { failure } from "../../support/failure.ts";
import { startReferrersRegistry } from "../../support/referrers-registry.ts";
import {
  isDockerRegistryHere,
  startDockerRegistry,
  type TestRegistry,
} from "../../support/registry-peers.ts";
import { makeStoreOnDisk, readTree } from "../../support/store-on-disk.ts";
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
const model = { path: "models/m.onnx", bytes: new Uint8Array(randomBytes(3_000_000)) };
const module = fileOf("modules/a.wasm", 20_000);

function signedPackage(name = "doorbell", base?: string): MemoryPackage {
  const files = [{ ...module, ...(base === undefined ? {} : { base }) }, model];
  const made = makePackage({ name, files });
  return withCarriers(made, ...sign(made, key), attest(made, key, {}));
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const registries = [
  ["a registry with referrers", () => startReferrersRegistry(), true],
  // Reason of a skip: Debian's docker-registry isn't installed here.
  ["docker-registry", () => startDockerRegistry(), isDockerRegistryHere],
] as const;

for (const [name, start, isHere] of registries) {
  describe.runIf(isHere)(name, () => {
    let registry: TestRegistry;
    let client: RegistryClient;
    beforeAll(async () => {
      registry = await start();
      client = openRegistryClient();
    });
    afterAll(async () => {
      await client?.[Symbol.asyncDispose]();
      await registry?.[Symbol.asyncDispose]();
    });
    const open = (repository: string) => client({ host: registry.host, repository });
    const at = (repository: string) => ({ host: registry.host, repository, tag: "1" });

    test("a package goes in and comes out as a folder and as the file that was built", async () => {
      const made = signedPackage();
      const report = await pushPackage(openMemorySource(made), open("door/bell"), "1");
      expect(report).toMatchObject({ presentBytes: 0, mountedBytes: 0, digest: made.digest });
      const disk = await makeStoreOnDisk();
      try {
        await using store = await disk.open();
        await using source = await openRegistryPackage(open("door/bell"), at("door/bell"));
        const reference = `oci://${registry.host}/door/bell:1`;
        const verified = await verifyPackage(source, policy);
        const installed = await installPackage(verified, source, store, { reference });
        const files = await readTree(installed.folder);
        expect(Object.keys(files).toSorted()).toEqual([
          "manifest.json",
          "meta/runtime.json",
          "meta/signature.sigstore.json",
          "models/m.onnx",
          "modules/a.wasm",
        ]);
        expect(Buffer.compare(files["models/m.onnx"]!, model.bytes)).toBe(0);
        const built = await collect(writePackageFile(openMemorySource(made), made.carriers).chunks());
        const stored = (await openStoredPackage(store, made.digest, `${registry.host}/door/bell`))!;
        expect((await collect((await exportPackage(stored)).chunks())).equals(built)).toBe(true);
        expect((await collect((await exportPackage(source)).chunks())).equals(built)).toBe(true);
        const again = await installPackage(await verifyPackage(stored, policy), stored, store, { reference });
        expect(again).toMatchObject({ folder: installed.folder, transfer: undefined });
        const copy = await pushPackage(stored, open("door/copy"), "1", {
          knownRepositories: [`${registry.host}/door/bell`],
        });
        expect(copy.mountedBytes).toBeGreaterThan(3_000_000);
      } finally {
        await disk.dispose();
      }
    });

    test("a stored package is uploaded from its files", async () => {
      const made = signedPackage("stored");
      const disk = await makeStoreOnDisk();
      try {
        await using store = await disk.open();
        const memory = openMemorySource(made);
        await installPackage(await verifyPackage(memory, policy), memory, store);
        const stored = (await openStoredPackage(store, made.digest))!;
        const seen: number[] = [];
        const report = await pushPackage(stored, open("door/stored"), "1", {
          onProgress: ({ doneBytes }) => seen.push(doneBytes),
        });
        expect(report.movedBytes).toBeGreaterThan(3_000_000);
        expect(seen.at(-1)).toBe(memory.manifest.blobs.reduce((sum, { size }) => sum + size, 0));
      } finally {
        await disk.dispose();
      }
    });

    test("an update moves its manifests only, and a base is mounted", async () => {
      await pushPackage(openMemorySource(signedPackage("one")), open("door/update"), "1");
      const update = await pushPackage(openMemorySource(signedPackage("two")), open("door/update"), "2");
      expect(update.movedBytes).toBeLessThan(10_000);
      expect(update.presentBytes).toBeGreaterThan(3_000_000);
      const based = signedPackage("three", `${registry.host}/door/update`);
      const report = await pushPackage(openMemorySource(based), open("door/based"), "1");
      expect(report.parts.find(({ part }) => part === module.path)?.outcome).toBe("mounted");
    });

    test("a second signer's signature joins the first in both layouts", async () => {
      const made = signedPackage("twice");
      await pushPackage(openMemorySource(made), open("door/twice"), "1");
      const other = makeKey();
      await pushSignatures(made.digest, sign(made, other), open("door/twice"));
      await using source = await openRegistryPackage(open("door/twice"), at("door/twice"));
      expect((await readSignatures(source)).signatures).toHaveLength(4);
      for (const { publicKey } of [key, other]) {
        const { signer } = await verifyPackage(source, trustOnly([{ name: "one", key: publicKey }]));
        expect(signer?.keyId).toBe(publicKey.keyId);
      }
    });

    test("one bit changed in the registry's storage is refused, naming the layer", async () => {
      const made = signedPackage("changed");
      await pushPackage(openMemorySource(made), open("door/changed"), "1");
      await using source = await openRegistryPackage(open("door/changed"), at("door/changed"));
      const { digest } = source.manifest.layers[0]!.descriptor;
      await flipStored(registry.storage, digest, module.bytes);
      const disk = await makeStoreOnDisk();
      try {
        await using store = await disk.open();
        const error = await failure(installPackage(await verifyPackage(source, policy), source, store));
        expect(error).toMatchObject({ code: "digest-mismatch", where: { digest } });
        expect(error.message).toContain(module.path);
        expect(await store.findView(made.digest)).toBeUndefined();
      } finally {
        await disk.dispose();
        await flipStored(registry.storage, digest, module.bytes);
      }
    });
  });
}

/** Changes one bit, or changes it back, in each file of a registry's storage that is about a blob and has its size. */
async function flipStored(storage: string, digest: Digest, whole: Uint8Array): Promise<void> {
  let flipped = 0;
  for (const entry of await readdir(storage, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !file.includes(digest.slice("sha256:".length))) continue;
    const bytes = await readFile(file);
    if (bytes.length !== whole.length) continue;
    bytes[5]! ^= 1;
    await writeFile(file, bytes);
    flipped++;
  }
  expect(flipped).toBeGreaterThan(0);
}
