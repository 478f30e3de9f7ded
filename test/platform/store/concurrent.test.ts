// Several processes in one store, some of which die at any moment.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeStoreOnDisk, readTree } from "../../support/store-on-disk.ts";
import { digestOf, testBlob } from "../../support/stored-blobs.ts";

it("a store that processes use at once, and die in, is whole; and what is held stays", async () => {
  const world = await makeStoreOnDisk();
  const start = (turn: number) => {
    const program = join(import.meta.dirname, "fixtures/hammer.ts");
    const child = spawn(process.execPath, [program, world.folder, String(turn)]);
    const said = { stderr: "", turns: 0, wanted: 0, reached: () => {} };
    child.stderr.on("data", (text) => {
      said.stderr += text;
    });
    child.stdout.on("data", (text) => {
      said.turns += String(text).length;
      if (said.turns >= said.wanted) said.reached();
    });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      child.once("close", (_, signal) => {
        said.reached();
        resolve(signal);
      });
    });
    const live = (turns: number) =>
      new Promise<void>((resolve) => {
        Object.assign(said, { wanted: turns, reached: resolve });
        if (said.turns >= turns) resolve();
      });
    return { child, said, ended, live };
  };
  const worker = async (number: number) => {
    for (let life = 0; life < 4; life++) {
      const { child, said, ended, live } = start(number + life);
      await live(1 + ((number * 5 + life * 3) % 7));
      child.kill("SIGKILL");
      expect([await ended, said.stderr]).toEqual(["SIGKILL", ""]);
    }
  };
  await Promise.all([0, 1, 2].map(worker));
  const store = world.open();
  for (const size of [100, 101, 102, 200_000, 300_000, 300_001, 300_002]) {
    const { digest } = testBlob(size);
    if ((await store.sizeOf(digest)) !== undefined)
      expect(digestOf(await store.read({ digest, size }))).toBe(digest);
  }
  await store.sweep(true);
  expect(await store.records()).toEqual([]);
  const left = Object.keys(await readTree(world.folder));
  expect(left.filter((path) => !/^state\/(.*lock)$/.test(path))).toEqual([]);
  await world.dispose();
}, 120_000);
