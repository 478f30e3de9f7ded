// A channel over the store: what is given out is remembered first, at whatever operation of the disk the power goes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannelStore } from "../../../agent/package/channel-store.ts";
import { type ChannelDocument, signChannel } from "../../../agent/trust/channel-document.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { PackageStore } from "../../../platform/contract/package-store.ts";
import { FakeStoreContents, openFakePackageStore } from "../../../platform/fake/fake-package-store.ts";
import type { Disk, DiskFile } from "../../../platform/store/disk.ts";
import { openLinuxDisk } from "../../../platform/store/linux-disk.ts";
import { openPackageStore } from "../../../platform/store/open-package-store.ts";
import { failure } from "../../support/failure.ts";
import { digest, floorMs, keyA, keyB, keys, makeDocument, nowMs } from "../trust/channel-stand.ts";

const options = { channel: "door/stable", keys: keys(keyA), floorMs };
const envelope = (changes: Partial<ChannelDocument> = {}, by: SigningKey[] = [keyA]) =>
  signChannel(makeDocument(changes), by);
const open = (store: Pick<PackageStore, "readState" | "writeState">) => openChannelStore(store, options);

describe("over any store", () => {
  test("begins with what pairing said, and remembers from process to process", async () => {
    const contents = new FakeStoreContents();
    const channel = open(openFakePackageStore(contents));
    expect(await channel.read()).toMatchObject({ version: 0, generation: 1 });
    const { target } = await channel.accept(envelope({ version: 3 }), nowMs);
    const again = open(openFakePackageStore(contents));
    expect(await again.read()).toMatchObject({ version: 3, target });
    expect((await failure(again.accept(envelope({ version: 3 }), nowMs))).code).toBe("channel-replayed");
  });

  test("after a rotation the keys that pairing named don't count any more, in a later process either", async () => {
    const contents = new FakeStoreContents();
    await open(openFakePackageStore(contents)).accept(envelope({ keys: keys(keyB) }, [keyA, keyB]), nowMs);
    const again = open(openFakePackageStore(contents));
    expect((await failure(again.accept(envelope({ version: 9 }), nowMs))).code).toBe("channel-untrusted");
    await again.accept(envelope({ version: 9, keys: keys(keyB) }, [keyB]), nowMs);
  });

  test("what is refused isn't written", async () => {
    const contents = new FakeStoreContents();
    const channel = open(openFakePackageStore(contents));
    await failure(channel.accept(envelope({}, [keyB]), nowMs));
    await failure(channel.accept(envelope({ revoked: [digest(1)] }), nowMs));
    expect(contents.state.size).toBe(0);
  });

  test("the target is given out after the state is written, not before", async () => {
    const order: string[] = [];
    const contents = openFakePackageStore();
    const writing = Promise.withResolvers<void>();
    const slow = {
      readState: contents.readState,
      async writeState(name: string, bytes: Uint8Array) {
        await writing.promise;
        await contents.writeState(name, bytes);
        order.push("written");
      },
    };
    const accepting = open(slow)
      .accept(envelope(), nowMs)
      .then(() => order.push("given out"));
    writing.resolve();
    await accepting;
    expect(order).toEqual(["written", "given out"]);
  });

  test("documents that come at once are taken one after another: one of two equal ones is a replay", async () => {
    const channel = open(openFakePackageStore());
    const outcomes = await Promise.allSettled(
      [1, 2, 2, 1].map((version) => channel.accept(envelope({ version }), nowMs)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    expect((await channel.read()).version).toBe(2);
  });

  test("channels don't share what is remembered, whatever their names are", async () => {
    const store = openFakePackageStore();
    for (const name of ["a/b", "a.b", "A/b", "door/stable"]) {
      const channel = openChannelStore(store, { ...options, channel: name });
      await channel.accept(envelope({ channel: name }), nowMs);
    }
    expect((await open(store).read()).version).toBe(1);
  });

  test("a damaged state isn't taken for none: nothing is accepted", async () => {
    const contents = new FakeStoreContents();
    const channel = open(openFakePackageStore(contents));
    await channel.accept(envelope(), nowMs);
    for (const [name, bytes] of contents.state) contents.state.set(name, bytes.subarray(1));
    expect((await failure(channel.accept(envelope({ version: 2 }), nowMs))).code).toBe("store-failed");
  });
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "channel-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("on a disk", () => {
  test("the disk fails for good at each operation in turn: old or new is remembered, and no replay is taken", async () => {
    let walked = 0;
    const outcomes = new Set<string>();
    for (let stopAt = 1; ; stopAt += 1) {
      const home = join(folder, String(stopAt));
      await open(openPackageStore(home)).accept(envelope({ version: 1 }), nowMs);
      const disk = failingDisk(openLinuxDisk(), stopAt);
      const outcome = await open(openPackageStore(home, { disk: disk.disk }))
        .accept(envelope({ version: 2 }), nowMs)
        .then(
          () => "given out",
          (thrown: unknown) => (thrown as RemoteMediaError).code,
        );
      const channel = open(openPackageStore(home));
      const { version } = await channel.read();
      if (outcome === "given out") expect(version).toBe(2);
      else expect([outcome, version === 1 || version === 2]).toEqual(["store-failed", true]);
      outcomes.add(`${outcome} ${version}`);
      for (let replay = 1; replay <= version; replay += 1) {
        const refused = await failure(channel.accept(envelope({ version: replay }), nowMs));
        expect(refused.code).toBe("channel-replayed");
      }
      await channel.accept(envelope({ version: 3 }), nowMs);
      walked = stopAt;
      if (!disk.stopped()) break;
    }
    expect(walked).toBeGreaterThan(5);
    expect(outcomes).toContain("store-failed 1");
    expect(outcomes).toContain("given out 2");
  });

  test("killed at any moment, it has remembered at least what it had given out", async () => {
    const envelopes = Array.from({ length: 2000 }, (_, at) => envelope({ version: at + 1 }));
    await writeFile(join(folder, "key.pem"), keyA.publicKey.pem);
    await writeFile(
      join(folder, "envelopes.json"),
      JSON.stringify(envelopes.map((bytes) => Buffer.from(bytes).toString("base64"))),
    );
    for (const killAfter of [1, 2, 3, 5, 8]) {
      const home = join(folder, `home-${killAfter}`);
      const given = await killAcceptor(folder, home, killAfter);
      expect(given).toBeGreaterThanOrEqual(killAfter);
      const channel = open(openPackageStore(home));
      const { version } = await channel.read();
      expect(version).toBeGreaterThanOrEqual(given);
      const replay = await failure(channel.accept(envelopes[given - 1]!, nowMs));
      expect(replay.code).toBe("channel-replayed");
      await channel.accept(envelope({ version: version + 1 }), nowMs);
    }
  }, 60_000);

  test("a changed byte of the file in `state/` is noticed", async () => {
    const channel = open(openPackageStore(folder));
    await channel.accept(envelope(), nowMs);
    const [name] = (await readdir(join(folder, "state"))).filter((file) => file.startsWith("channel-"));
    const file = join(folder, "state", name!);
    const bytes = await readFile(file);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(file, bytes);
    expect((await failure(channel.read())).code).toBe("store-failed");
  });
});

/** Starts a process that accepts documents as fast as it can, and kills it some documents on.
 * @returns the last version that it said it gave out */
async function killAcceptor(inputs: string, home: string, killAfter: number): Promise<number> {
  const script = new URL("./fixtures/channel-acceptor.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, inputs, home], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let given = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    given = Number(line);
    seen += 1;
    if (seen === killAfter) child.kill("SIGKILL");
  }
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return given;
}

/** A disk that does `stopAt - 1` operations and then none any more, as when the power is cut. */
function failingDisk(real: Disk, stopAt: number): { disk: Disk; stopped: () => boolean } {
  let count = 0;
  const guard = <Thing extends object>(thing: Thing): Thing =>
    new Proxy(thing, {
      get(target, name) {
        const found: unknown = Reflect.get(target, name);
        if (typeof found !== "function" || name === "tryLock" || name === "close")
          return typeof found === "function" ? found.bind(target) : found;
        return async (...args: unknown[]) => {
          count += 1;
          if (count >= stopAt) throw new RemoteMediaError("store-failed", "the power is gone");
          const result: unknown = await found.apply(target, args);
          return name === "open" ? guard(result as DiskFile) : result;
        };
      },
    });
  return { disk: guard(real), stopped: () => count >= stopAt };
}
