// Into a registry and out of it again: what moves, what doesn't, and a registry that dies at each request in turn.
import { expect, test } from "vitest";
import { attachSignatures } from "../../../agent/package/attach-signatures.ts";
import { installPackage } from "../../../agent/package/install-package.ts";
import { pushPackage } from "../../../agent/package/push-package.ts";
import { pushSignatures } from "../../../agent/package/push-signatures.ts";
import { readSignatures } from "../../../agent/package/read-signatures.ts";
import { openRegistryPackage } from "../../../agent/package/registry-package.ts";
import { verifyPackage } from "../../../agent/package/verify-package.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import type { OciReference } from "../../../platform/base/oci-reference.ts";
import { imageIndexType } from "../../../platform/contract/oci.ts";
import { FakeStoreContents, openFakePackageStore } from "../../../platform/fake/fake-package-store.ts";
import { failure } from "../../support/failure.ts";
import { FragileRegistry } from "./fragile-registry.ts";
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
const reference: OciReference = { host: "registry.test", repository: "doorbell", tag: "1" };

function signedPackage(name = "doorbell", base?: string): MemoryPackage {
  const files = [
    { ...fileOf("modules/a.wasm", 3000), ...(base === undefined ? {} : { base }) },
    fileOf("models/m.onnx", 9000),
  ];
  const made = makePackage({ name, files });
  return withCarriers(made, ...sign(made, key), attest(made, key, {}));
}

async function pull(registry: FragileRegistry, contents: FakeStoreContents, asked = reference) {
  await using store = openFakePackageStore(contents);
  await using source = await openRegistryPackage(registry.open("doorbell"), asked);
  return installPackage(await verifyPackage(source, policy), source, store);
}

test("what was pushed comes back with its signatures, under its tag, its digest and by way of an index", async () => {
  const registry = new FragileRegistry();
  const repository = registry.open("doorbell");
  const made = signedPackage();
  const report = await pushPackage(openMemorySource(made), repository, "1");
  expect(report).toMatchObject({ digest: made.digest, presentBytes: 0, mountedBytes: 0 });
  const index = { schemaVersion: 2, mediaType: imageIndexType, manifests: [made.manifest.descriptor] };
  await repository.writeManifest(new TextEncoder().encode(JSON.stringify(index)), imageIndexType, "all");
  const { tag: _, ...untagged } = reference;
  for (const asked of [reference, { ...untagged, digest: made.digest }, { ...reference, tag: "all" }]) {
    const installed = await pull(registry, new FakeStoreContents(), asked);
    expect(installed).toMatchObject({ digest: made.digest, signer: { name: "operator" } });
    const source = await openRegistryPackage(repository, asked);
    const { signatures, attestations } = await readSignatures(source);
    expect([signatures.length, attestations.length]).toEqual([2, 1]);
  }
});

test("a second push moves nothing; an update moves its manifests and signatures only", async () => {
  const registry = new FragileRegistry();
  const repository = registry.open("doorbell");
  await pushPackage(openMemorySource(signedPackage()), repository, "1");
  const again = await pushPackage(openMemorySource(signedPackage()), repository, "1");
  expect(again.parts.filter(({ role }) => role !== "signature").map(({ outcome }) => outcome)).toEqual(
    Array(4).fill("present"),
  );
  const update = await pushPackage(openMemorySource(signedPackage("doorbell-2")), repository, "2");
  const moved = update.parts.filter(({ outcome }) => outcome === "moved");
  expect(moved.map(({ role }) => role)).not.toContain("layer");
  expect(update.movedBytes).toBeLessThan(12_000);
  expect(update.presentBytes).toBeGreaterThanOrEqual(12_000);
});

test("base layers are mounted from their repository, others from where the package is known to be", async () => {
  const registry = new FragileRegistry();
  const made = signedPackage("doorbell", "registry.test/base/denoise");
  const [module, model] = openMemorySource(made).manifest.layers;
  registry.open("base/denoise");
  registry.blobsOf("base/denoise").set(module!.descriptor.digest, fileOf("modules/a.wasm", 3000).bytes);
  registry.open("older");
  registry.blobsOf("older").set(model!.descriptor.digest, fileOf("models/m.onnx", 9000).bytes);
  const knownRepositories = ["elsewhere.test/older", "registry.test/doorbell", "registry.test/older"];
  const source = openMemorySource(made);
  const report = await pushPackage(source, registry.open("doorbell"), "1", { knownRepositories });
  expect(report).toMatchObject({ mountedBytes: 12_000, mountedParts: 2 });
  expect(source.reads).not.toContain(module!.descriptor.digest);
});

test("a push from another host's base uploads the module", async () => {
  const registry = new FragileRegistry();
  const made = signedPackage("doorbell", "elsewhere.test/base");
  const report = await pushPackage(openMemorySource(made), registry.open("doorbell"), "1");
  expect(report.mountedParts).toBe(0);
  expect((await pull(registry, new FakeStoreContents())).digest).toBe(made.digest);
});

test("signing what a registry has keeps the signatures that others put there", async () => {
  const registry = new FragileRegistry();
  const repository = registry.open("doorbell");
  const made = signedPackage();
  await pushPackage(openMemorySource(made), repository, "1");
  const other = makeKey();
  const parts = await pushSignatures(made.digest, sign(made, other), repository);
  expect(parts.filter(({ outcome }) => outcome === "moved").length).toBeGreaterThan(0);
  await pushPackage(openMemorySource(made), repository, "1");
  const source = await openRegistryPackage(repository, reference);
  expect((await readSignatures(source)).signatures.map(({ layout }) => layout)).toEqual([
    "bundle",
    "bundle",
    "simple",
    "simple",
  ]);
  for (const { publicKey } of [key, other]) {
    const { signer } = await verifyPackage(source, trustOnly([{ name: "one", key: publicKey }]));
    expect(signer?.keyId).toBe(publicKey.keyId);
  }
});

test("a registry that dies at each request of a push in turn: no torn tag, and the next push completes it", async () => {
  const made = signedPackage();
  const undisturbed = new FragileRegistry();
  await pushPackage(openMemorySource(made), undisturbed.open("doorbell"), "1");
  for (let diesAt = 0; diesAt < undisturbed.requests.length; diesAt++) {
    const registry = new FragileRegistry();
    const repository = registry.open("doorbell");
    registry.diesAt = diesAt;
    const error = await failure(pushPackage(openMemorySource(made), repository, "1", { concurrency: 1 }));
    expect(error.code, `request ${diesAt}`).toBe("registry-unreachable");
    registry.diesAt = undefined;
    expect(await repository.resolve("1"), `request ${diesAt}`).toBeUndefined();
    const blobs = registry.blobsOf("doorbell").size;
    const report = await pushPackage(openMemorySource(made), repository, "1");
    expect(report.presentParts).toBeGreaterThanOrEqual(blobs > 0 ? 1 : 0);
    expect((await pull(registry, new FakeStoreContents())).signer?.name).toBe("operator");
  }
});

test("a registry that dies at each request of a pull in turn: nothing unpacked, and the next pull moves the rest", async () => {
  const made = signedPackage();
  const registry = new FragileRegistry();
  await pushPackage(openMemorySource(made), registry.open("doorbell"), "1");
  const before = registry.requests.length;
  const { transfer: whole } = await pull(registry, new FakeStoreContents());
  const count = registry.requests.length - before;
  for (let diesAt = 0; diesAt < count; diesAt++) {
    const contents = new FakeStoreContents();
    registry.diesAt = registry.requests.length + diesAt;
    const error = await failure(pull(registry, contents));
    expect(error.code, `request ${diesAt}`).toBe("registry-unreachable");
    expect([contents.views.size, contents.records.size, contents.holds.length]).toEqual([0, 0, 0]);
    const kept = [...contents.blobs.values(), ...contents.partials.values()].reduce(
      (sum, { length }) => sum + length,
      0,
    );
    registry.diesAt = undefined;
    const { transfer } = await pull(registry, contents);
    expect(transfer!.movedBytes, `request ${diesAt}`).toBe(whole!.movedBytes - kept);
  }
});

test("a bit changed in the registry's storage is refused by name, whichever blob it is in", async () => {
  const made = signedPackage();
  const registry = new FragileRegistry();
  await pushPackage(openMemorySource(made), registry.open("doorbell"), "1");
  const blobs = registry.blobsOf("doorbell");
  for (const [digest, bytes] of blobs) {
    const changed = bytes.slice();
    changed[changed.length >> 1]! ^= 4;
    blobs.set(digest, changed);
    const contents = new FakeStoreContents();
    expect(await failure(pull(registry, contents))).toMatchObject({
      code: "digest-mismatch",
      where: { digest },
    });
    expect(contents.views.size).toBe(0);
    blobs.set(digest, bytes);
  }
  expect((await pull(registry, new FakeStoreContents())).digest).toBe(made.digest);
});

test("a signed source pushes what was attached to it", async () => {
  const made = makePackage();
  const registry = new FragileRegistry();
  const source = await attachSignatures(openMemorySource(made), sign(made, key));
  await pushPackage(source, registry.open("doorbell"), "1");
  expect((await pull(registry, new FakeStoreContents())).signer?.keyId).toBe(key.publicKey.keyId);
});
