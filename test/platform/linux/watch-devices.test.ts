// Devices that come and go, in a folder that stands for /dev.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { watchDevices } from "../../../platform/linux/watch-devices.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "remotemedia-dev-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function watching(coalesceMs = 40) {
  const watcher = watchDevices({ root, coalesceMs });
  const told: (readonly string[])[] = [];
  let wake = () => {};
  watcher.onChange((names) => {
    told.push(names);
    wake();
  });
  /** What is told next. */
  const next = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    if (told.length === 0) await promise;
    return told.shift()!;
  };
  return { next, told, [Symbol.dispose]: () => watcher[Symbol.dispose]() };
}

function create(path: string): void {
  writeFileSync(join(root, path), "");
}

describe("watchDevices", () => {
  it("tells of cameras that come and go, once for all that happens together", async () => {
    using watched = watching();
    for (let index = 0; index < 20; index++) create(`video${index}`);
    expect((await watched.next()).length).toBe(20);
    expect(watched.told).toEqual([]);
    rmSync(join(root, "video3"));
    expect(await watched.next()).toEqual(["video3"]);
  });

  it("tells when permissions change: a device's group is set after it has come", async () => {
    create("video0");
    using watched = watching();
    chmodSync(join(root, "video0"), 0o600);
    expect(await watched.next()).toEqual(["video0"]);
  });

  it("says nothing of other files", async () => {
    using watched = watching();
    for (const name of ["tty7", "null", "videos", "loop0"]) create(name);
    create("media0");
    expect(await watched.next()).toEqual(["media0"]);
  });

  it("watches folders that come later, go, and come again", async () => {
    using watched = watching();
    for (const round of [1, 2]) {
      mkdirSync(join(root, "snd"));
      expect(await watched.next(), `round ${round}`).toContain("snd");
      create("snd/pcmC1D0c");
      expect(await watched.next(), `round ${round}`).toContain("snd/pcmC1D0c");
      create("snd/seq");
      rmSync(join(root, "snd"), { recursive: true });
      expect(await watched.next(), `round ${round}`).toContain("snd");
      watched.told.length = 0;
    }
  });

  it("watches folders in folders", async () => {
    mkdirSync(join(root, "v4l/by-id"), { recursive: true });
    using watched = watching();
    create("v4l/by-id/usb-camera");
    expect(await watched.next()).toEqual(["v4l/by-id/usb-camera"]);
  });

  it("tells no more once it is disposed, and stays silent where there is nothing to watch", async () => {
    const watched = watching(1);
    watched[Symbol.dispose]();
    using other = watching(1);
    create("video0");
    expect(await other.next()).toEqual(["video0"]);
    expect(watched.told).toEqual([]);
    using nothing = watchDevices({ root: join(root, "nowhere") });
    nothing.onChange(() => expect.fail("nobody was there"));
  });
});
