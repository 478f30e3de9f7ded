// From a verified package to a folder: blobs, record and view; again without reading anything; broken off and resumed.
import { expect, test } from "vitest";
import { installPackage } from "../../../agent/package/install-package.ts";
import type { PackageSource } from "../../../agent/package/package-source.ts";
import { pullPackage } from "../../../agent/package/pull-package.ts";
import { openStoredPackage } from "../../../agent/package/stored-package.ts";
import { verifyPackage } from "../../../agent/package/verify-package.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { FakeStoreContents, openFakePackageStore } from "../../../platform/fake/fake-package-store.ts";
import { failure } from "../../support/failure.ts";
import {
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
const now = () => new Date("2026-01-02T03:04:05Z");
const reference = "oci://registry.test/doorbell:1";

function signedPackage(name = "doorbell"): MemoryPackage {
  const files = [
    fileOf("modules/a.wasm", 3000),
    fileOf("models/m.onnx", 9000),
    { ...fileOf("modules/copy.wasm"), bytes: fileOf("modules/a.wasm", 3000).bytes },
  ];
  const made = makePackage({ name, files });
  return withCarriers(made, ...sign(made, key));
}

async function install(source: PackageSource, contents: FakeStoreContents) {
  await using store = openFakePackageStore(contents);
  return installPackage(await verifyPackage(source, policy), source, store, { reference, now });
}

test("a verified package becomes a folder with its manifest, files and where it came from", async () => {
  const made = signedPackage();
  const contents = new FakeStoreContents();
  const installed = await install(openMemorySource(made), contents);
  const view = contents.views.get(made.digest)!;
  expect([...view.keys()].toSorted()).toEqual([
    "manifest.json",
    "meta/runtime.json",
    "meta/signature.sigstore.json",
    "models/m.onnx",
    "modules/a.wasm",
    "modules/copy.wasm",
  ]);
  expect(view.get("modules/a.wasm")).toEqual(fileOf("modules/a.wasm", 3000).bytes);
  expect(view.get("meta/signature.sigstore.json")).toEqual(made.carriers[0]!.blobs[1]!.bytes);
  expect(JSON.parse(new TextDecoder().decode(view.get("meta/runtime.json")))).toMatchObject({
    digest: made.digest,
    name: "doorbell",
    layers: [
      { path: "modules/a.wasm", size: 3000 },
      { path: "models/m.onnx" },
      { path: "modules/copy.wasm" },
    ],
  });
  expect(installed).toMatchObject({ name: "doorbell", signer: { name: "operator" } });
  expect(installed.digestOf("manifest.json")).toBe(installed.manifest.config.digest);
  expect(installed.digestOf("meta/runtime.json")).toBeUndefined();
  expect(installed.transfer).toMatchObject({ presentBytes: 0, mountedBytes: 0 });
  expect(contents.records.get(made.digest)).toMatchObject({
    name: "doorbell",
    references: [reference],
    stored: "2026-01-02T03:04:05.000Z",
    pins: [],
  });
  expect(contents.holds).toEqual([]);
});

test("a package that is there is verified and not read again", async () => {
  const made = signedPackage();
  const contents = new FakeStoreContents();
  const first = await install(openMemorySource(made), contents);
  await using store = openFakePackageStore(contents);
  const source = (await openStoredPackage(store, made.digest, "registry.test/doorbell"))!;
  const again = await install(source, contents);
  expect(again).toMatchObject({ folder: first.folder, signer: { name: "operator" } });
  expect(again.transfer).toBeUndefined();
});

test("a package of which a blob has gone isn't given by the store", async () => {
  const made = signedPackage();
  const contents = new FakeStoreContents();
  await install(openMemorySource(made), contents);
  for (const digest of [...contents.blobs.keys()]) {
    const bytes = contents.blobs.get(digest)!;
    contents.blobs.delete(digest);
    expect(await openStoredPackage(openFakePackageStore(contents), made.digest)).toBeUndefined();
    contents.blobs.set(digest, bytes);
  }
  expect(await openStoredPackage(openFakePackageStore(contents), made.digest)).toBeDefined();
});

test("an update that changes only the manifest moves only that and its signature", async () => {
  const contents = new FakeStoreContents();
  await install(openMemorySource(signedPackage()), contents);
  const update = openMemorySource(signedPackage("doorbell-2"));
  const { transfer } = await install(update, contents);
  expect(transfer!.parts.filter(({ role }) => role === "layer").map(({ outcome }) => outcome)).toEqual([
    "present",
    "present",
  ]);
  const moved = transfer!.parts.filter(({ outcome }) => outcome === "moved");
  expect(moved.map(({ role }) => role)).not.toContain("layer");
  expect(transfer!.presentBytes).toBeGreaterThanOrEqual(12_000);
  expect(transfer!.movedBytes).toBe(moved.reduce((sum, { size }) => sum + size, 0));
});

test("a new signature of a package that is there joins what is remembered of it", async () => {
  const made = signedPackage();
  const contents = new FakeStoreContents();
  await install(openMemorySource(made), contents);
  await install(openMemorySource(withCarriers(made, sign(made, makeKey())[0])), contents);
  expect(contents.records.get(made.digest)!.referrers).toHaveLength(3);
});

test("a layer of other bytes is refused by name and digest, and nothing is unpacked or remembered", async () => {
  const made = signedPackage();
  for (const [index, path] of ["modules/a.wasm", "models/m.onnx"].entries()) {
    const { digest } = openMemorySource(made).manifest.layers[index]!.descriptor;
    const bytes = made.blobs.get(digest)!.slice();
    bytes[1]! ^= 1;
    const contents = new FakeStoreContents();
    const lying = openMemorySource({ ...made, blobs: new Map([...made.blobs, [digest, bytes]]) });
    const error = await failure(install(lying, contents));
    expect(error).toMatchObject({ code: "digest-mismatch", where: { digest } });
    expect(error.message).toContain(path);
    expect([contents.views.size, contents.records.size, contents.holds.length]).toEqual([0, 0, 0]);
  }
});

test("a pull that breaks off resumes: only the rest moves", async () => {
  const made = signedPackage();
  const contents = new FakeStoreContents();
  const { digest } = openMemorySource(made).manifest.layers[1]!.descriptor;
  const whole = openMemorySource(made);
  const breaking: PackageSource = {
    ...whole,
    async *read(blob, offset = 0) {
      if (blob.digest !== digest) return yield* whole.read(blob, offset);
      yield made.blobs.get(digest)!.subarray(offset, 4000);
      throw new RemoteMediaError("registry-unreachable", "the connection broke");
    },
  };
  const error = await failure(install(breaking, contents));
  expect(error).toMatchObject({ code: "registry-unreachable", where: { digest } });
  expect(contents.records.size).toBe(0);
  const { transfer } = await install(whole, contents);
  const model = transfer!.parts.find(({ part }) => part === "models/m.onnx");
  expect(model).toMatchObject({ outcome: "moved", size: 9000, movedBytes: 5000 });
});

test("a full disk at each size leaves no view and no record, and room lets it through", async () => {
  const made = signedPackage();
  const sizes = [...made.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  for (let capacity = 0; capacity < sizes; capacity += 700) {
    const contents = new FakeStoreContents();
    contents.capacityBytes = capacity;
    expect(await failure(install(openMemorySource(made), contents))).toMatchObject({ code: "store-failed" });
    expect([contents.views.size, contents.records.size, contents.holds.length]).toEqual([0, 0, 0]);
    contents.capacityBytes = Number.POSITIVE_INFINITY;
    expect((await install(openMemorySource(made), contents)).name).toBe("doorbell");
  }
});

test("progress counts every byte of the package once and ends at its total", async () => {
  const made = signedPackage();
  const source = openMemorySource(made);
  await using store = openFakePackageStore();
  const seen: { doneBytes: number; totalBytes: number }[] = [];
  const onProgress = (progress: { doneBytes: number; totalBytes: number }) => seen.push(progress);
  const report = await pullPackage(await verifyPackage(source, policy), source, store, { onProgress, now });
  expect(seen.at(-1)!.doneBytes).toBe(seen.at(-1)!.totalBytes);
  expect(report.movedBytes).toBe(seen.at(-1)!.totalBytes);
});
