// A store's life in steps, for tests that break it off anywhere: what each step stores, and what must be so afterwards.
import { expect } from "vitest";
import type { PackageStore } from "../../../platform/contract/package-store.ts";
import type { Disk } from "../../../platform/store/disk.ts";
import { openPackageStore } from "../../../platform/store/open-package-store.ts";
import { chunksOf, digestOf, recordOf, type TestBlob, testBlob } from "../../support/stored-blobs.ts";

const [model, shared, manifest, nextManifest, nextModel] = [3000, 700, 90, 91, 2500].map((size) =>
  testBlob(size),
) as [TestBlob, TestBlob, TestBlob, TestBlob, TestBlob];
const first = recordOf(manifest, { blobs: [manifest, model, shared], pins: ["active"] });
const previous = { ...first, pins: ["previous"] };
const next = recordOf(nextManifest, { blobs: [nextManifest, nextModel, shared], pins: ["active"] });
const views = new Map([
  [manifest, { "manifest.json": manifest, "models/a.bin": model, "models/b/c.bin": shared }],
  [nextManifest, { "manifest.json": nextManifest, "models/a.bin": nextModel, "models/b/c.bin": shared }],
]);
const states = [testBlob(40), testBlob(4000)] as const;

/** An update from one package to the next, as a device does it, and the removal of the old one. */
export const storeLife: readonly (readonly [
  name: string,
  step: (store: PackageStore) => Promise<unknown>,
])[] = [
  ["the first state", (store) => store.writeState("channel.json", states[0].bytes)],
  ["the first package's blobs", (store) => install(store, manifest, [model, shared])],
  ["its view", (store) => unpack(store, manifest)],
  ["its record", (store) => store.remember(first.digest, () => first)],
  ["the next package's blobs", (store) => install(store, nextManifest, [nextModel, shared])],
  ["its view", (store) => unpack(store, nextManifest)],
  ["its record", (store) => store.remember(next.digest, () => next)],
  ["the next state", (store) => store.writeState("channel.json", states[1].bytes)],
  ["that the first is previous", (store) => store.remember(first.digest, () => previous)],
  ["a sweep", (store) => store.sweep()],
  ["that nothing needs the first", (store) => store.remember(first.digest, () => ({ ...first, pins: [] }))],
  ["a sweep of the first", (store) => store.sweep()],
];

const home = "/home";

export function openOn(disk: Disk, folder = home): PackageStore & AsyncDisposable {
  return openPackageStore(folder, { disk });
}

/** Runs the steps; tells how many were done. */
export async function live(store: PackageStore, onDone: (steps: number) => void = () => {}): Promise<void> {
  for (const [index, [, step]] of storeLife.entries()) {
    await step(store);
    onDone(index + 1);
  }
}

/** What must be so whenever a store is opened, after `done` steps and perhaps a part of the next: each thing is the old one or the new one. */
export async function expectWhole(disk: Disk, done: number, folder = home): Promise<void> {
  const store = openOn(disk, folder);
  for (const { digest, size } of [model, shared, manifest, nextManifest, nextModel]) {
    if ((await store.sizeOf(digest)) !== undefined)
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
  }
  for (const [blob, files] of views) {
    const view = await store.findView(blob.digest);
    if (view === undefined) continue;
    for (const [path, { digest }] of Object.entries(files))
      expect(digestOf(await readFile(disk, `${view}/${path}`))).toBe(digest);
  }
  // By steps done: what the state, the two views and the two records may be.
  const state = await store.readState("channel.json");
  expect(allowed([undefined, ...states.map(({ bytes }) => bytes)], done, [1, 8])).toContainEqual(state);
  const unpinned = { ...first, pins: [] };
  const firsts = allowed([undefined, first, previous, unpinned, undefined], done, [4, 9, 11, 12]);
  expect(firsts).toContainEqual(await store.record(first.digest));
  expect(allowed([undefined, next], done, [7])).toContainEqual(await store.record(next.digest));
  if (done >= 3 && done < 11) expect(await store.findView(manifest.digest)).toBeDefined();
  if (done >= 6) expect(await store.findView(nextManifest.digest)).toBeDefined();
}

/** How it all ends: the next package is there as a whole, and nothing else. */
export async function expectEnd(disk: Disk, folder = home): Promise<void> {
  await expectWhole(disk, storeLife.length, folder);
  const files = (await filesBelow(disk, folder)).filter(
    (path) => !/\/(lock|.*-lock|sessions\/\w+)$/.test(path),
  );
  const hex = ({ digest }: TestBlob) => digest.slice(7);
  expect(files.toSorted()).toEqual(
    [
      ...[nextManifest, nextModel, shared].map((blob) => `${folder}/blobs/sha256/${hex(blob)}`),
      ...Object.keys(views.get(nextManifest)!).map(
        (path) => `${folder}/pipelines/${hex(nextManifest)}/${path}`,
      ),
      `${folder}/state/channel.json`,
      `${folder}/state/packages/${hex(nextManifest)}`,
      `${folder}/state/views/${hex(nextManifest)}`,
    ].toSorted(),
  );
}

/** The values between the last change that is done for sure and the one that may have begun. `at`: which step makes each but the first. */
function allowed<Value>(values: readonly Value[], done: number, at: readonly number[]): readonly Value[] {
  const sure = at.filter((step) => step <= done).length;
  const begun = at.filter((step) => step <= done + 1).length;
  return values.slice(sure, begun + 1);
}

async function install(store: PackageStore, of: TestBlob, parts: readonly TestBlob[]): Promise<void> {
  for (const { digest, size, bytes } of parts) await store.receive({ digest, size }, chunksOf(bytes, 1000));
  await store.write(of.bytes);
}

async function unpack(store: PackageStore, of: TestBlob): Promise<void> {
  const entries = Object.entries(views.get(of)!).map(([path, blob]) =>
    path === "manifest.json" ? { path, bytes: blob.bytes } : { path, digest: blob.digest },
  );
  await store.createView(of.digest, entries);
}

async function readFile(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  const bytes = new Uint8Array((await file.entry()).size);
  await file.read(bytes, 0);
  await file.close();
  return bytes;
}

async function filesBelow(disk: Disk, path: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of await disk.list(path)) {
    const inner = `${path}/${name}`;
    if ((await disk.entry(inner))?.kind === "folder") files.push(...(await filesBelow(disk, inner)));
    else files.push(inner);
  }
  return files;
}
