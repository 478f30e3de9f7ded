// The PackageStore suite: what whoever installs, runs and removes packages may rely on, on disk or in memory.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { PackageStore } from "../../platform/contract/package-store.ts";
import { failure } from "../support/failure.ts";
import {
  testBlob as blob,
  chunksOf,
  digestOf,
  patternBytes,
  recordOf,
  unread,
} from "../support/stored-blobs.ts";

/** One store, and a test's way around it. */
export interface StoreWorld {
  /** Each is what another process would open. */
  open(): PackageStore & AsyncDisposable;
  /** Changes a stored blob behind the store's back. */
  damageBlob(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** What an interrupted reception has left. */
  leavePartial(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** The files of a view, by path. */
  viewFiles(digest: Digest): Promise<Record<string, Uint8Array>>;
  dispose(): Promise<void>;
}

/** Runs the suite on one implementation. */
export function describePackageStore(name: string, makeWorld: () => Promise<StoreWorld>): void {
  describe(`${name} is a PackageStore that`, () => {
    let world: StoreWorld;
    let store: PackageStore & AsyncDisposable;
    let other: PackageStore & AsyncDisposable;
    beforeEach(async () => {
      world = await makeWorld();
      store = world.open();
      other = world.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await world.dispose();
    });

    it("has nothing at first", async () => {
      const { digest } = blob(10);
      expect([
        await store.sizeOf(digest),
        await store.findView(digest),
        await store.record(digest),
        await store.records(),
        await store.readState("channel"),
        await store.sweep(),
      ]).toEqual([undefined, undefined, undefined, [], undefined, { packages: [], blobs: 0, freedBytes: 0 }]);
      expect((await failure(store.read({ digest, size: 10 }))).code).toBe("store-failed");
    });

    it.each([0, 1, 65_536, 3_000_001])("receives a blob of %i bytes, once", async (size) => {
      const { digest, bytes } = blob(size);
      const progress: number[] = [];
      const outcome = await store.receive({ digest, size }, chunksOf(bytes, 10_007), (received) =>
        progress.push(received),
      );
      expect(outcome).toBe("received");
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress.at(-1) ?? 0).toBe(size);
      expect(await other.sizeOf(digest)).toBe(size);
      expect(digestOf(await other.read({ digest, size }))).toBe(digest);
      expect(await other.receive({ digest, size }, unread)).toBe("present");
    });

    it("writes bytes that are in memory", async () => {
      const { digest, bytes, size } = blob(1234);
      expect(await store.write(bytes)).toBe(digest);
      expect(await store.write(bytes)).toBe(digest);
      expect(await other.read({ digest, size })).toEqual(bytes);
    });

    it.each([
      ["other bytes", (bytes: Uint8Array) => bytes.with(5, bytes[5]! ^ 1)],
      ["less", (bytes: Uint8Array) => bytes.subarray(1)],
      ["more", (bytes: Uint8Array) => Buffer.concat([bytes, bytes])],
      ["nothing", () => new Uint8Array(0)],
    ])("takes nothing from a source that gives %s, and takes it from the next", async (_, change) => {
      const { digest, bytes, size } = blob(100_000);
      const refused = await failure(store.receive({ digest, size }, chunksOf(change(bytes))));
      expect([refused.code, refused.where?.digest]).toEqual(["digest-mismatch", digest]);
      expect(await store.sizeOf(digest)).toBeUndefined();
      expect(await store.receive({ digest, size }, chunksOf(bytes))).toBe("received");
    });

    it("refuses a stored blob under another size, and keeps it", async () => {
      const { digest, bytes, size } = blob(50);
      await store.write(bytes);
      expect((await failure(store.receive({ digest, size: 51 }, unread))).code).toBe("digest-mismatch");
      expect((await failure(store.read({ digest, size: 49 }))).code).toBe("digest-mismatch");
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
    });

    it("never gives a blob that was changed, and takes it in again", async () => {
      const { digest, bytes, size } = blob(5000);
      await store.write(bytes);
      await world.damageBlob(digest, bytes.with(7, bytes[7]! ^ 1));
      expect((await failure(store.read({ digest, size }))).code).toBe("digest-mismatch");
      expect(await store.receive({ digest, size }, chunksOf(bytes))).toBe("received");
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
    });

    it("goes on where a source broke off, and says what it threw", async () => {
      const { digest, bytes, size } = blob(3_000_000);
      const broken = new RemoteMediaError("registry-failed", "gone");
      const first = store.receive({ digest, size }, async function* () {
        yield bytes.subarray(0, 2_000_000);
        throw broken;
      });
      expect(await failure(first)).toBe(broken);
      const asked: number[] = [];
      const read = (offset: number) => {
        asked.push(offset);
        return chunksOf(bytes)(offset);
      };
      expect(await other.receive({ digest, size }, read)).toBe("received");
      expect(asked).toEqual([2_000_000]);
    });

    it("finds by the digest what is torn in a resumed part, and begins anew once", async () => {
      const { digest, bytes, size } = blob(300_000);
      await world.leavePartial(digest, new Uint8Array(200_000));
      const asked: number[] = [];
      const read = (offset: number) => {
        asked.push(offset);
        return chunksOf(bytes)(offset);
      };
      expect(await store.receive({ digest, size }, read)).toBe("received");
      expect(asked).toEqual([200_000, 0]);
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
    });

    it("gives all who receive one blob at once what they asked for", async () => {
      const { digest, bytes, size } = blob(2_000_000);
      const outcomes = await Promise.all(
        [store, other, store, other].map((one) => one.receive({ digest, size }, chunksOf(bytes))),
      );
      expect(outcomes).toContain("received");
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
    });

    it("makes a view of blobs and bytes, which another finds", async () => {
      const [model, manifest] = [blob(70_000), new TextEncoder().encode("{}")];
      const digest = digestOf(manifest);
      await store.write(model.bytes);
      const folder = await store.createView(digest, [
        { path: "models/deep/a.bin", digest: model.digest },
        { path: "models/b.bin", digest: model.digest },
        { path: "manifest.json", bytes: manifest },
      ]);
      expect(await other.findView(digest)).toBe(folder);
      expect(await world.viewFiles(digest)).toEqual({
        "models/deep/a.bin": model.bytes,
        "models/b.bin": model.bytes,
        "manifest.json": manifest,
      });
      expect(await other.createView(digest, [{ path: "manifest.json", bytes: manifest }])).toBe(folder);
    });

    it.each([
      ["../a"],
      ["/a"],
      ["a/../../b"],
      ["a//b"],
      ["./a"],
      [""],
      ["a/"],
      ["a\0b"],
      ["a\\b"],
      ["x".repeat(256)],
      [`${"a/".repeat(40)}b`],
    ])("makes no view with the path %j", async (path) => {
      const { digest, bytes } = blob(3);
      expect((await failure(store.createView(digest, [{ path, bytes }]))).code).toBe("package-invalid");
      expect(await store.findView(digest)).toBeUndefined();
    });

    it("makes no view with a path twice, a file in a file, or a blob that isn't there", async () => {
      const { digest, bytes } = blob(3);
      for (const paths of [
        ["a", "a"],
        ["a", "a/b"],
        ["a/b", "a"],
      ]) {
        const view = store.createView(
          digest,
          paths.map((path) => ({ path, bytes })),
        );
        expect((await failure(view)).code).toBe("package-invalid");
      }
      const lacking = store.createView(digest, [{ path: "a", digest: blob(4).digest }]);
      expect((await failure(lacking)).code).toBe("store-failed");
      expect(await store.findView(digest)).toBeUndefined();
    });

    it("remembers packages, and changes a record by what is known", async () => {
      const record = recordOf(blob(10), { name: "doorbell", pins: ["pinned"] });
      await store.remember(record.digest, (known) => {
        expect(known).toBeUndefined();
        return record;
      });
      expect(await other.record(record.digest)).toEqual(record);
      const changed = await other.remember(record.digest, (known) => ({ ...known!, used: "later" }));
      expect(changed).toEqual({ ...record, used: "later" });
      expect(await store.records()).toEqual([changed]);
    });

    it("loses no change when many remember at once", async () => {
      const record = recordOf(blob(10), {});
      const add = (one: PackageStore, pin: string) =>
        one.remember(record.digest, (known = record) => ({ ...known, pins: [...known.pins, pin] }));
      await Promise.all(
        Array.from({ length: 20 }, (_, number) => add(number % 2 ? store : other, String(number))),
      );
      expect(new Set((await store.record(record.digest))!.pins).size).toBe(20);
    });

    it("sweeps what no pinned package needs", async () => {
      const [needed, manifest, signature, alone] = [blob(100), blob(20), blob(30), blob(40)];
      const kept = recordOf(manifest, {
        blobs: [manifest, needed],
        referrers: [{ ...signature, mediaType: "application/json" }],
        pins: ["pinned"],
      });
      const gone = recordOf(blob(50), { blobs: [blob(50), needed, alone] });
      for (const { bytes } of [needed, manifest, signature, alone, blob(50)]) await store.write(bytes);
      for (const record of [kept, gone]) {
        await store.createView(record.digest, [{ path: "a", digest: record.digest }]);
        await store.remember(record.digest, () => record);
      }
      expect(await other.sweep()).toEqual({ packages: [gone.digest], blobs: 2, freedBytes: 90 });
      expect(await store.records()).toEqual([kept]);
      expect(await store.findView(gone.digest)).toBeUndefined();
      expect(await store.findView(kept.digest)).toBeDefined();
      for (const { digest, size } of [needed, manifest, signature])
        expect(digestOf(await store.read({ digest, size }))).toBe(digest);
      expect(await store.sizeOf(alone.digest)).toBeUndefined();
      expect(await other.sweep(true)).toEqual({ packages: [kept.digest], blobs: 3, freedBytes: 150 });
      expect(await store.findView(kept.digest)).toBeUndefined();
    });

    it("sweeps nothing that somebody holds, until the last lets go", async () => {
      const manifest = blob(20);
      await store.write(manifest.bytes);
      await store.createView(manifest.digest, [{ path: "a", digest: manifest.digest }]);
      await store.remember(manifest.digest, () => recordOf(manifest, { blobs: [manifest] }));
      const holds = [await store.hold(manifest.digest), await other.hold(manifest.digest)];
      for (const hold of holds) {
        expect((await other.sweep(true)).packages).toEqual([]);
        expect(await store.read(manifest)).toEqual(manifest.bytes);
        expect(await store.findView(manifest.digest)).toBeDefined();
        await hold[Symbol.asyncDispose]();
        await hold[Symbol.asyncDispose]();
      }
      expect(await store.sweep()).toEqual({ packages: [manifest.digest], blobs: 1, freedBytes: 20 });
    });

    it("sweeps nothing that another is taking in, until that one remembers it or ends", async () => {
      const [one, two] = [blob(20), blob(30)];
      await store.write(one.bytes);
      await store.write(two.bytes);
      await store.createView(one.digest, [{ path: "a", digest: one.digest }]);
      expect(await other.sweep(true)).toEqual({ packages: [], blobs: 0, freedBytes: 0 });
      await store.remember(one.digest, () => recordOf(one, { blobs: [one] }));
      expect(await other.sweep()).toEqual({ packages: [one.digest], blobs: 1, freedBytes: 20 });
      await store[Symbol.asyncDispose]();
      expect(await other.sweep()).toEqual({ packages: [], blobs: 1, freedBytes: 30 });
    });

    it("sweeps beside a reception that is under way, and harms it not", async () => {
      const { digest, bytes, size } = blob(100_000);
      const received = store.receive({ digest, size }, async function* (offset) {
        yield bytes.subarray(offset, 50_000);
        await other.sweep(true);
        yield bytes.subarray(50_000);
      });
      expect(await received).toBe("received");
      await other.sweep(true);
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
    });

    it("sweeps what an interrupted reception has left", async () => {
      const { digest, bytes, size } = blob(1000);
      await world.leavePartial(digest, bytes.subarray(0, 600));
      expect((await store.sweep()).freedBytes).toBe(600);
      const asked: number[] = [];
      const read = (offset: number) => {
        asked.push(offset);
        return chunksOf(bytes)(offset);
      };
      await store.receive({ digest, size }, read);
      expect(asked).toEqual([0]);
    });

    it("keeps small files of state through sweeps", async () => {
      const [first, second] = [patternBytes(10), patternBytes(2000)];
      await store.writeState("channel.json", first);
      expect(await other.readState("channel.json")).toEqual(first);
      await other.writeState("channel.json", second);
      await other.sweep(true);
      expect(await store.readState("channel.json")).toEqual(second);
    });

    it("knows a digest when it sees one", async () => {
      const wrong = "sha256:../../etc/passwd" as Digest;
      for (const call of [
        () => store.sizeOf(wrong),
        () => store.read({ digest: wrong, size: 1 }),
        () => store.receive({ digest: wrong, size: 1 }, unread),
        () => store.findView(wrong),
        () => store.createView(wrong, []),
        () => store.record(wrong),
        () => store.remember(wrong, () => recordOf(blob(1), {})),
        () => store.hold(wrong),
        async () => store.fileOf(wrong),
      ]) {
        expect((await failure(call())).code).toBe("package-invalid");
      }
    });
  });
}
