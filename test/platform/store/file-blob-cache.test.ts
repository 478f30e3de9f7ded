// The cache folder: what was put whole is given, everything else is as if it had never been.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlobCache } from "../../../platform/contract/blob-cache.ts";
import { openFileBlobCache } from "../../../platform/store/file-blob-cache.ts";

let folder: string;
let cache: BlobCache;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "blobs-"));
  cache = openFileBlobCache(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const blob = (...bytes: number[]) => Uint8Array.from(bytes);

describe("a cache folder", () => {
  it("gives what was put, empty blobs too, and undefined for what was not", async () => {
    await cache.put("one", blob(1, 2, 3));
    await cache.put("empty", blob());
    expect([await cache.get("one"), await cache.get("empty"), await cache.get("other")]).toEqual([
      blob(1, 2, 3),
      blob(),
      undefined,
    ]);
    expect(await openFileBlobCache(folder).get("one")).toEqual(blob(1, 2, 3));
  });

  it("gives the last that was put under a key", async () => {
    for (let round = 0; round < 5; round++) await cache.put("key", blob(round));
    expect(await cache.get("key")).toEqual(blob(4));
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  it("is made when something is first put, for its owner only", async () => {
    const inner = openFileBlobCache(join(folder, "a/b"));
    expect(await inner.get("key")).toBeUndefined();
    await inner.put("key", blob(1));
    expect(await inner.get("key")).toEqual(blob(1));
    expect(statSync(join(folder, "a/b")).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "a/b/key")).mode & 0o777).toBe(0o600);
  });

  it("removes what a writer that was killed has left a day ago, and not what one may still be writing", async () => {
    const dayAgo = Date.now() / 1000 - 25 * 3600;
    for (const name of [".key.abandoned", ".key.fresh", "kept"]) writeFileSync(join(folder, name), "x");
    for (const name of [".key.abandoned", "kept"]) utimesSync(join(folder, name), dayAgo, dayAgo);
    await cache.put("key", blob(1));
    expect(readdirSync(folder).toSorted()).toEqual([".key.fresh", "kept", "key"]);
  });

  it("gives nothing for a file that was cut short at any byte", async () => {
    await cache.put("key", blob(...Array.from({ length: 20 }, (_, index) => index)));
    const whole = readFileSync(join(folder, "key"));
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(join(folder, "key"), whole.subarray(0, length));
      expect(await cache.get("key")).toBeUndefined();
    }
  });

  it("gives nothing for a file with a flipped bit or more bytes", async () => {
    await cache.put("key", blob(1, 2, 3, 4));
    const whole = readFileSync(join(folder, "key"));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const flipped = Uint8Array.from(whole);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(join(folder, "key"), flipped);
        expect(await cache.get("key")).toBeUndefined();
      }),
    );
    writeFileSync(join(folder, "key"), Buffer.concat([whole, Buffer.from([0])]));
    expect(await cache.get("key")).toBeUndefined();
  });

  it("puts a damaged entry right", async () => {
    writeFileSync(join(folder, "key"), "garbage");
    expect(await cache.get("key")).toBeUndefined();
    await cache.put("key", blob(7));
    expect(await cache.get("key")).toEqual(blob(7));
  });

  it("gives one of them whole when several write at once", async () => {
    const writers = Array.from({ length: 12 }, (_, fill) => new Uint8Array(50_000).fill(fill));
    const reads: Promise<Uint8Array | undefined>[] = [];
    await Promise.all(
      writers.map(async (bytes) => {
        await openFileBlobCache(folder).put("key", bytes);
        reads.push(cache.get("key"));
      }),
    );
    for (const read of await Promise.all(reads)) {
      expect(read).toHaveLength(50_000);
      expect(new Set(read).size).toBe(1);
    }
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  it("that can't be written is no error, and nothing is kept", async () => {
    writeFileSync(join(folder, "file"), "");
    for (const path of [join(folder, "file/inner"), "/proc/nowhere", "/dev/null"]) {
      const unwritable = openFileBlobCache(path);
      await unwritable.put("key", blob(1));
      expect(await unwritable.get("key")).toBeUndefined();
    }
  });

  it("has the old or the new when its writer is killed at any moment", async () => {
    await cache.put("key", new Uint8Array(256 * 1024).fill(1));
    for (let round = 0; round < 8; round++) {
      const writer = spawn(process.execPath, [join(import.meta.dirname, "fixtures/writer.ts"), folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = new Promise((resolve) => writer.once("exit", resolve));
      await new Promise((resolve) => writer.stdout.once("data", resolve));
      // It has begun to write; how far it comes is left to chance.
      for (let read = 0; read < round; read++) await cache.get("key");
      writer.kill("SIGKILL");
      await ended;
      const kept = await cache.get("key");
      expect(kept).toHaveLength(256 * 1024);
      expect(kept!.every((byte) => byte === kept![0])).toBe(true);
    }
  });
});
