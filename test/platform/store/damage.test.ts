// What only a real disk shows: modes, links, garbage where the store's files should be, a file system that is full.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { openPackageStore } from "../../../platform/store/open-package-store.ts";
import { writeWholeFile } from "../../../platform/store/whole-file.ts";
import { failure } from "../../support/failure.ts";
import { makeStoreOnDisk } from "../../support/store-on-disk.ts";
import { chunksOf, recordOf, testBlob } from "../../support/stored-blobs.ts";

let world: Awaited<ReturnType<typeof makeStoreOnDisk>>;
beforeEach(async () => {
  world = await makeStoreOnDisk();
});
afterEach(() => world.dispose());

const manifest = testBlob(100);
const hex = manifest.digest.slice(7);
const mode = (path: string) => statSync(path).mode & 0o777;

describe("a store on disk", () => {
  it("is its owner's alone, and a view is its blobs under other names, which nobody writes", async () => {
    const store = world.open();
    await store.write(manifest.bytes);
    const view = await store.createView(manifest.digest, [
      { path: "a/b", digest: manifest.digest },
      { path: "meta", bytes: manifest.bytes },
    ]);
    await store.writeState("x", manifest.bytes);
    expect([world.folder, join(world.folder, "state"), view, join(view, "a")].map(mode)).toEqual(
      Array(4).fill(0o700),
    );
    expect([store.fileOf(manifest.digest), join(view, "a/b"), join(view, "meta")].map(mode)).toEqual(
      Array(3).fill(0o400),
    );
    expect(mode(join(world.folder, "state/x"))).toBe(0o600);
    expect(statSync(join(view, "a/b")).ino).toBe(statSync(store.fileOf(manifest.digest)).ino);
  });

  it("finds no view that lacks a file, and makes it again", async () => {
    const store = world.open();
    await store.write(manifest.bytes);
    const entries = [{ path: "a", digest: manifest.digest }];
    const view = await store.createView(manifest.digest, entries);
    rmSync(join(view, "a"));
    expect(await store.findView(manifest.digest)).toBeUndefined();
    expect(await store.createView(manifest.digest, entries)).toBe(view);
    expect(readdirSync(view)).toEqual(["a"]);
    expect(readdirSync(dirname(view))).toEqual([hex]);
  });

  it("takes garbage among its files for nothing, and goes on", async () => {
    const files = [
      `state/packages/${hex}`,
      `state/views/${hex}`,
      `state/sessions/${hex}`,
      "state/sessions/0123456789abcdef",
      `state/holds/${hex}`,
      `partial/${hex}`,
      "partial/x",
      `blobs/sha256/${hex}`,
      "pipelines/.x.0123456789abcdef.1",
    ];
    await fc.assert(
      fc.asyncProperty(fc.subarray(files), fc.uint8Array({ maxLength: 200 }), async (garbled, garbage) => {
        rmSync(world.folder, { recursive: true, force: true });
        for (const file of garbled) {
          mkdirSync(dirname(join(world.folder, file)), { recursive: true });
          writeFileSync(join(world.folder, file), garbage);
        }
        const store = world.open();
        expect([await store.record(manifest.digest), await store.records()]).toEqual([undefined, []]);
        expect(await store.findView(manifest.digest)).toBeUndefined();
        await store.read(manifest).catch((error) => expect(error).toBeInstanceOf(RemoteMediaError));
        await store.receive(manifest, chunksOf(manifest.bytes));
        await store.createView(manifest.digest, [{ path: "a", digest: manifest.digest }]);
        await store.remember(manifest.digest, () => recordOf(manifest, { blobs: [manifest] }));
        expect(await store.read(manifest)).toEqual(manifest.bytes);
        await store.sweep(true);
        expect(readdirSync(join(world.folder, "partial"))).toEqual([]);
        await store[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });
});

describe("a file that is written whole", () => {
  it("replaces the old one, and leaves it where its source fails", async () => {
    const file = join(dirname(world.folder), "a.rmpkg");
    await writeWholeFile(file, chunksOf(manifest.bytes)(0));
    expect(new Uint8Array(readFileSync(file))).toEqual(manifest.bytes);
    const broken = new RemoteMediaError("package-invalid", "broken");
    const failing = async function* () {
      yield manifest.bytes.subarray(1);
      throw broken;
    };
    expect(await failure(writeWholeFile(file, failing()))).toBe(broken);
    expect(new Uint8Array(readFileSync(file))).toEqual(manifest.bytes);
    writeFileSync(`${dirname(file)}/.a.rmpkg.0123456789abcdef.part`, "left by a killed one");
    await writeWholeFile(file, chunksOf(manifest.bytes)(0));
    expect(readdirSync(dirname(file))).toEqual(["a.rmpkg"]);
    const nowhere = writeWholeFile(join(dirname(file), "no/where"), chunksOf(manifest.bytes)(0));
    expect((await failure(nowhere)).code).toBe("output-failed");
  });
});

// Reason of a skip: only root may mount, and not in every container.
const probe = "/tmp";
const canMount =
  spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "-o", "size=1m", "none", probe]).status === 0;

describe.runIf(canMount)("a store on a full file system", () => {
  it("says so before it fetches, also where it fills up meanwhile, and goes on when there is room", async () => {
    const mount = dirname(world.folder);
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "none", mount]).status).toBe(0);
    try {
      const store = openPackageStore(world.folder);
      const [large, medium] = [testBlob(6_000_000), testBlob(3_000_000)];
      const unread = () => {
        throw new RemoteMediaError("internal", "was read");
      };
      const refused = await failure(store.receive(large, unread));
      expect([refused.code, refused.hint]).toEqual(["store-failed", expect.stringContaining("gc")]);
      const filling = store.receive(medium, async function* (offset) {
        yield medium.bytes.subarray(offset, 1_000_000);
        writeFileSync(join(mount, "other"), new Uint8Array(2_500_000));
        yield medium.bytes.subarray(1_000_000);
      });
      expect((await failure(filling)).message).toContain("full");
      expect(readdirSync(join(world.folder, "partial"))).toEqual([]);
      rmSync(join(mount, "other"));
      expect(await store.receive(medium, chunksOf(medium.bytes))).toBe("received");
      await store[Symbol.asyncDispose]();
    } finally {
      spawnSync("umount", [mount]);
    }
  });
});
