// What is recorded of a machine gives probes what the machine gave them, and keeps its secrets.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Machine } from "../../../platform/contract/machine.ts";
import { openRecordedMachine } from "../../../platform/linux/recorded-machine.ts";
import { recordBoard } from "../../../platform/linux/recording-machine.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "record-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const texts: Readonly<Record<string, string>> = {
  "/proc/cpuinfo": "processor\t: 0\nSerial\t\t: 10000000abcdef01\n",
  "/sys/devices/usb1/1-1/1-1:1.0/video4linux/video0/name": "Webcam of alice\n",
  "/sys/devices/usb1/1-1/address": "dc:a6:32:0b:0c:0d\n",
};
const linked: Readonly<Record<string, string>> = {
  "/sys/class/video4linux/video0": "/sys/devices/usb1/1-1/1-1:1.0/video4linux/video0",
  "/sys/devices/usb1/1-1/1-1:1.0/driver": "/sys/bus/usb/drivers/uvcvideo",
};

/** Follows the links of `linked`, also within a path. */
function real(path: string): string {
  for (const [link, target] of Object.entries(linked)) {
    if (path === link || path.startsWith(`${link}/`)) return real(target + path.slice(link.length));
  }
  return path;
}

const machine: Machine = {
  isRecorded: false,
  time: new Date("2026-01-02T03:04:05.000Z"),
  readText: async (path) => texts[real(path)],
  readBytes: async (path) => {
    if (path === "/proc/device-tree/system/linux,revision") return Uint8Array.of(0, 0xd0, 0x41, 0x70);
    const text = texts[real(path)];
    return text === undefined ? undefined : new TextEncoder().encode(text);
  },
  list: async (path) => {
    if (path === "/dev") return ["console", "mem", "video0", "video1"];
    if (path === "/sys/class/video4linux") return ["video0"];
    if (real(path) === linked["/sys/class/video4linux/video0"]) return ["device", "index", "name", "power"];
    if (path === "/sys/class/net") return ["eth0", "lo"];
    return path === "/usr/lib" ? ["libalices-secret.so", "libonnxruntime.so.1.20.1"] : [];
  },
  resolve: async (path) => real(path),
  deviceNode: async (path) =>
    /^\/dev\/(video[01]|mem)$/.test(path) ? { mode: 0o660, group: "video", isAccessible: true } : undefined,
  videoDevice: async (path) =>
    path === "/dev/video0"
      ? {
          ok: true,
          value: {
            driver: "uvcvideo",
            card: "Webcam of alice",
            busInfo: "usb-0000:01:00.0-1",
            capabilities: 0x4200001,
            captureFormats: [],
            outputFormats: [],
            inputs: ["Camera 1"],
            isTruncated: false,
          },
        }
      : { ok: false, code: "timed-out", detail: "/dev/video1 doesn't answer" },
  pcmDevice: async () => ({ ok: false, code: "busy", detail: "in use" }),
  run: async (program) => {
    if (program === "vainfo") return { ok: false, code: "not-present", detail: "not installed" };
    if (program === "nvidia-smi")
      return { ok: false, code: "unreadable", detail: "nvidia-smi failed: no GPU" };
    return { ok: true, value: "ffmpeg version 5.1 built by carol@build.example.org\n" };
  },
  storage: async () => ({ totalBytes: 1000, freeBytes: 400 }),
  socket: async (path) => path === "/run/user/1000/pulse/native",
  sandbox: async () => ({ seccomp: true, cgroup: false, reasons: ["No cgroup of its own."] }),
};

/** What a probe might ask. */
async function askAll(asked: Machine): Promise<unknown[]> {
  const sysfs = "/sys/class/video4linux/video0";
  return [
    await asked.list("/sys/class/video4linux"),
    await asked.readText(`${sysfs}/name`),
    await asked.resolve(sysfs),
    await asked.resolve("/sys/devices/usb1/1-1/1-1:1.0/driver"),
    await asked.readBytes("/proc/device-tree/system/linux,revision"),
    await asked.readText("/proc/device-tree/model"),
    await asked.list("/sys/class/net"),
    (await asked.list("/dev")).includes("video1"),
    await asked.deviceNode("/dev/video0"),
    await asked.deviceNode("/dev/video7"),
    (await asked.videoDevice("/dev/video1")).ok,
    await asked.pcmDevice("/dev/snd/pcmC0D0c"),
    await asked.run("nvidia-smi", ["--query"]),
    await asked.run("vainfo", []).then(({ ok }) => ok),
    await asked.storage("/"),
    await asked.socket("/run/user/1000/pulse/native"),
    await asked.socket("/run/pulse/native"),
    await asked.sandbox(),
    asked.time,
  ];
}

async function record(): Promise<{ target: string; files: readonly string[]; answers: unknown[] }> {
  const recorder = recordBoard(machine);
  const answers = await askAll(recorder.machine);
  await recorder.machine.readText("/proc/cpuinfo");
  await recorder.machine.videoDevice("/dev/video0");
  await recorder.machine.run("ffmpeg", ["-hide_banner", "-version"]);
  await recorder.machine.readText("/sys/devices/usb1/1-1/address");
  await recorder.machine.list("/usr/lib");
  await recorder.machine.list("/sys/class/video4linux/video0");
  const target = join(folder, "board");
  const files = await recorder.save(target, { host: "kitchen-cam", user: "alice" });
  return { target, files, answers };
}

describe("a recorded machine", () => {
  test("passes through what the machine says, and gives the same from the folder", async () => {
    const { target, answers } = await record();
    expect(answers).toEqual(await askAll(machine));
    const again = await askAll(await openRecordedMachine(target));
    // The camera's name had a person's in it.
    expect(again).toEqual(answers.map((each) => (each === "Webcam of alice\n" ? "Webcam of user\n" : each)));
  });

  test("has the files that were read, under the names of what the links led to", async () => {
    const { target, files } = await record();
    expect(files).toContain("/sys/devices/usb1/1-1/1-1:1.0/video4linux/video0/name");
    expect(files).toContain("answers/v4l2/video0.json");
    expect(readFileSync(join(target, "sys/class/video4linux/video0/name"), "utf8")).toBe("Webcam of user\n");
    expect(JSON.parse(readFileSync(join(target, "board.json"), "utf8"))).toEqual({
      schema: 1,
      recorded: "2026-01-02T03:04:05.000Z",
      by: "record-board",
      sources: ["this board"],
    });
  });

  test("keeps no secret, no file of addresses, and no device or library that isn't for media", async () => {
    const { target } = await record();
    const shell = Bun.spawnSync(["grep", "-raiE", "abcdef01|dc:a6|alice|carol|secret", target]);
    expect(shell.stdout.toString()).toBe("");
    expect(existsSync(join(target, "sys/devices/usb1/1-1/address"))).toBe(false);
    const nodes = Object.keys(JSON.parse(readFileSync(join(target, "answers/nodes.json"), "utf8")));
    expect(nodes).toEqual(["/dev/video0", "/dev/video1"]);
    expect(existsSync(join(target, "usr/lib/libonnxruntime.so.1.20.1"))).toBe(true);
  });

  test("leaves no folder empty, since git keeps none", async () => {
    const { target } = await record();
    expect(Bun.spawnSync(["find", target, "-type", "d", "-empty"]).stdout.toString()).toBe("");
    expect(existsSync(join(target, "sys/bus/usb/drivers/uvcvideo"))).toBe(true);
  });

  test("isn't written into a folder that has something in it", async () => {
    writeFileSync(join(folder, "mine.txt"), "mine");
    const failed = recordBoard(machine).save(folder, {});
    await expect(failed).rejects.toMatchObject({ code: "output-failed", hint: "Give a new folder." });
    expect(readFileSync(join(folder, "mine.txt"), "utf8")).toBe("mine");
  });

  test("isn't written where no folder can be", async () => {
    writeFileSync(join(folder, "file"), "");
    const failed = recordBoard(machine).save(join(folder, "file", "board"), {});
    await expect(failed).rejects.toMatchObject({ code: "output-failed" });
  });
});
