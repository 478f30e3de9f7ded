// A board as a folder: what is read, what is answered, and that nothing leads out of it.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Machine } from "../../../platform/contract/machine.ts";
import { openRecordedMachine } from "../../../platform/linux/recorded-machine.ts";

const board = JSON.stringify({
  schema: 1,
  recorded: "2026-01-02T03:04:05Z",
  by: "documentation",
  sources: [],
});
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "remotemedia-board-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

function open(): Promise<Machine> {
  write("board.json", board);
  return openRecordedMachine(root);
}

describe("the files of a recorded board", () => {
  it("are read below its folder, at most 256 KiB of each", async () => {
    write("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0");
    write("sys/big", new Uint8Array(300 * 1024).fill(65));
    const machine = await open();
    expect(machine.isRecorded).toBe(true);
    expect(machine.time.toISOString()).toBe("2026-01-02T03:04:05.000Z");
    expect(await machine.readText("/proc/device-tree/model")).toBe("Raspberry Pi 4 Model B Rev 1.4\0");
    expect(await machine.readBytes("/sys/big")).toHaveLength(256 * 1024);
    expect(await machine.readText("/proc/version")).toBeUndefined();
    expect(await machine.readText("/proc")).toBeUndefined();
    expect(await machine.readText("/sys/big\0")).toBeUndefined();
    expect(await machine.list("/sys")).toEqual(["big"]);
    expect(await machine.list("/sys/big")).toEqual([]);
    expect(await machine.list("/nowhere")).toEqual([]);
  });

  it("are found by links, also absolute ones, which mean below the folder", async () => {
    write("sys/devices/pci0/usb1/idVendor", "046d\n");
    link("sys/class/video4linux/video0/device", "../../../devices/pci0/usb1");
    link("sys/bus/first", "/sys/class/video4linux/video0/device");
    const machine = await open();
    expect(await machine.readText("/sys/bus/first/idVendor")).toBe("046d\n");
    expect(await machine.resolve("/sys/bus/first/")).toBe("/sys/devices/pci0/usb1");
    expect(await machine.resolve("/sys/bus/first/../usb1/./idVendor")).toBe(
      "/sys/devices/pci0/usb1/idVendor",
    );
    expect(await machine.list("/sys/bus/first")).toEqual(["idVendor"]);
  });

  it("are not found by links that leave the folder, loop, or lead through a file", async () => {
    link("etc/out", "../../../../../../../../../../etc/passwd");
    // Above the root there is nothing, so that this isn't below it either.
    link("etc/above", "../../etc/file");
    link("etc/beside", "../../beside");
    link("etc/loop", "loop");
    link("etc/ping", "pong");
    link("etc/pong", "ping");
    link("etc/absolute", "/etc/passwd");
    write("etc/file", "text");
    const machine = await open();
    for (const name of ["out", "above", "beside", "loop", "ping", "absolute", "file/x", "file/.."]) {
      expect(await machine.resolve(`/etc/${name}`), name).toBeUndefined();
      expect(await machine.readText(`/etc/${name}`), name).toBeUndefined();
      expect(await machine.list(`/etc/${name}`), name).toEqual([]);
    }
    expect(await machine.readText("/../../../../../etc/passwd")).toBeUndefined();
  });

  it("are never FIFOs or devices, which would be waited for", async () => {
    expect(spawnSync("mkfifo", [join(root, "fifo")]).status).toBe(0);
    link("null", "/dev/null");
    const machine = await open();
    expect(await machine.readText("/fifo")).toBeUndefined();
    expect(await machine.list("/fifo")).toEqual([]);
    expect(await machine.readText("/null")).toBeUndefined();
  });
});

describe("the answers of a recorded board", () => {
  it("name devices whose files aren't there", async () => {
    write(
      "answers/nodes.json",
      JSON.stringify({
        "/dev/video0": { mode: "0660", group: "video", isAccessible: false },
        "/dev/snd/pcmC0D0c": { mode: "0660", group: "audio\u202e\n", isAccessible: true },
        "/etc/passwd": { mode: "0660", group: "root", isAccessible: true },
        "/dev/../etc/x": { mode: "0660", group: "root", isAccessible: true },
        "/dev/video1": { mode: 432, group: "video", isAccessible: true },
      }),
    );
    link("dev/v4l/by-id/usb-camera", "../../video0");
    const machine = await open();
    expect(await machine.list("/dev")).toEqual(["snd", "v4l", "video0"]);
    expect(await machine.list("/dev/snd")).toEqual(["pcmC0D0c"]);
    expect(await machine.resolve("/dev/v4l/by-id/usb-camera")).toBe("/dev/video0");
    expect(await machine.resolve("/dev/snd/pcmC0D0c")).toBe("/dev/snd/pcmC0D0c");
    expect(await machine.deviceNode("/dev/video0")).toEqual({
      mode: 0o660,
      group: "video",
      isAccessible: false,
    });
    expect(await machine.deviceNode("/dev/snd/pcmC0D0c")).toMatchObject({ group: "audio" });
    expect(await machine.deviceNode("/dev/video1")).toBeUndefined();
    expect(await machine.list("/etc")).toEqual([]);
  });

  it("are those of its devices, programs, storage, sockets and sandbox", async () => {
    const pcm = {
      id: "a",
      name: "b",
      formats: ["S16_LE"],
      minChannels: 1,
      maxChannels: 2,
      minRate: 1,
      maxRate: 2,
    };
    write("answers/alsa/pcmC0D0c.json", JSON.stringify({ ok: true, value: pcm }));
    write("answers/v4l2/video0.json", JSON.stringify({ ok: false, code: "busy", detail: "in use" }));
    write("answers/v4l2/video1.json", "{");
    write("answers/programs/ffmpeg_-hide_banner_-codecs.txt", "Codecs:\n");
    write("answers/programs/vcgencmd_get_throttled.failed.txt", "VCHI initialization failed\n");
    write("answers/storage.json", JSON.stringify({ "/": { totalBytes: 10, freeBytes: 5 } }));
    write("answers/sockets.json", JSON.stringify(["/run/user/1000/pulse/native"]));
    write("answers/sandbox.json", JSON.stringify({ seccomp: true, cgroup: false, reasons: ["no cgroup"] }));
    const machine = await open();
    expect(await machine.pcmDevice("/dev/snd/pcmC0D0c")).toEqual({ ok: true, value: pcm });
    expect(await machine.pcmDevice("/dev/snd/pcmC0D1c")).toMatchObject({ code: "not-present" });
    expect(await machine.videoDevice("/dev/video0")).toEqual({ ok: false, code: "busy", detail: "in use" });
    expect(await machine.videoDevice("/dev/video1")).toMatchObject({ code: "unreadable" });
    expect(await machine.videoDevice("/dev/../board")).toMatchObject({ code: "not-supported" });
    expect(await machine.run("ffmpeg", ["-hide_banner", "-codecs"])).toEqual({
      ok: true,
      value: "Codecs:\n",
    });
    const failed = { code: "unreadable", detail: "vcgencmd failed: VCHI initialization failed" };
    expect(await machine.run("vcgencmd", ["get_throttled"])).toMatchObject(failed);
    expect(await machine.run("vainfo", [])).toMatchObject({ code: "not-present" });
    expect(await machine.storage("/var/lib")).toEqual({ totalBytes: 10, freeBytes: 5 });
    expect(await machine.socket("/run/user/1000/pulse/native")).toBe(true);
    expect(await machine.socket("/run/other")).toBe(false);
    expect(await machine.sandbox()).toEqual({ seccomp: true, cgroup: false, reasons: ["no cgroup"] });
  });

  it("are missing where there are none, and the sandbox is then unknown", async () => {
    const machine = await open();
    expect(await machine.videoDevice("/dev/video0")).toMatchObject({ code: "not-present" });
    expect(await machine.storage("/")).toBeUndefined();
    expect(await machine.sandbox()).toMatchObject({ seccomp: false, cgroup: false });
  });
});

describe("openRecordedMachine", () => {
  it("takes the root of a board's file system, as old as its folder", async () => {
    write("sys/devices/system/cpu/online", "0-3\n");
    utimesSync(root, 1_700_000_000, 1_700_000_000);
    const machine = await openRecordedMachine(root);
    expect(machine.time.getTime()).toBe(1_700_000_000_000);
    expect(await machine.readText("/sys/devices/system/cpu/online")).toBe("0-3\n");
    expect(await machine.videoDevice("/dev/video0")).toMatchObject({ code: "not-present" });
  });

  it("refuses what is no board, and says what would be one", async () => {
    const refused = (path: string) =>
      openRecordedMachine(path).then(
        () => "taken",
        (error) => [error.code, error.message.replace(root, "ROOT"), error.hint.includes("record-board")],
      );
    write("file", "");
    write("empty/proc-like", "");
    expect(await refused(join(root, "nowhere"))).toEqual([
      "board-invalid",
      "ROOT/nowhere is no folder",
      true,
    ]);
    expect(await refused(join(root, "file"))).toEqual(["board-invalid", "ROOT/file is no folder", true]);
    expect(await refused(`${root}\0`)).toEqual(["board-invalid", "ROOT is no folder", true]);
    const nothing =
      "ROOT/empty is no board: it has neither a board.json nor what a kernel shows in proc and sys";
    expect(await refused(join(root, "empty"))).toEqual(["board-invalid", nothing, true]);
    for (const bad of ["{", "[]", "null", '{"schema":2}', '{"schema":1}', '{"schema":1,"recorded":"soon"}']) {
      write("bad/board.json", bad);
      expect((await refused(join(root, "bad")))[0], bad).toBe("board-invalid");
    }
  });

  it("gives bounded answers about any tree, and nothing of outside it", async () => {
    const part = fc.constantFrom("a", "b", "..", ".", "dev", "answers", "nodes.json", "video0.json", "v4l2");
    const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join("/"));
    const target = fc.oneof(
      path,
      path.map((way) => `/${way}`),
      fc.constant("/etc/passwd"),
      fc.constant(""),
    );
    const content = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constant('{"ok":true,"value":{"captureFormats":[]}}'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ path, target, content, isLink: fc.boolean() }), { maxLength: 12 }),
        fc.array(path, { maxLength: 8 }),
        async (entries, asked) => {
          rmSync(root, { recursive: true, force: true });
          mkdirSync(root);
          for (const entry of entries) tryTo(() => plant(entry));
          write("board.json", board);
          const machine = await openRecordedMachine(root);
          for (const way of asked.map((one) => `/${one}`)) {
            const text = await machine.readText(way);
            expect(text?.includes("root:x:0:0") ?? false).toBe(false);
            const resolved = await machine.resolve(way);
            if (resolved !== undefined) expect(resolved).toMatch(/^\/(?!\.\.)/);
            expect(await machine.list(way)).toBeInstanceOf(Array);
            await machine.deviceNode(way);
          }
          expect(await machine.videoDevice("/dev/video0")).toHaveProperty("ok");
          expect(await machine.sandbox()).toHaveProperty("reasons");
        },
      ),
      { numRuns: 60 },
    );
  });
});

function plant(entry: { path: string; target: string; content: string; isLink: boolean }): void {
  // Only below the root: what is tried here is reading.
  const inside = entry.path.replaceAll("..", "up");
  if (entry.isLink) link(inside, entry.target);
  else write(inside, entry.content);
}

/** Some of the generated entries stand in each other's way. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    expect(thrown).toHaveProperty("code");
  }
}
