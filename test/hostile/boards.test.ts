// Boards, devices and programs that lie, hang and flood while a machine is looked at: the rest is told, in bounded time and in clean text.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CapabilityStatement, parseStatement } from "../../agent/capability/statement.ts";
import { createProber } from "../../platform/linux/prober.ts";
import { checkoutCommand } from "../support/sandbox.ts";
import { Theatre, unprintable } from "./stand-ins.ts";

vi.setConfig({ testTimeout: 90_000 });

const boards = join(import.meta.dirname, "../boards");
const nasty = "\u001b[2J\u202eevil\r\nname\u0000\u{e0041}";

let theatre: Theatre;
beforeEach(() => {
  theatre = new Theatre();
});
afterEach(async () => {
  await expect.poll(() => theatre.remains(), { timeout: 8000 }).toEqual([]);
  theatre[Symbol.dispose]();
});

/** A copy of a recorded board, in which `spoil` may do what it likes. */
function spoiltBoard(board: string, spoil: (root: string) => void): string {
  const root = theatre.file("board");
  cpSync(join(boards, board), root, { recursive: true, verbatimSymlinks: true });
  spoil(root);
  return root;
}

function write(root: string, path: string, text: string | Uint8Array): void {
  const file = join(root, path);
  rmSync(file, { recursive: true, force: true });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What `probe` tells, as a program and as a person reads it. */
async function probed(words: readonly string[], withinMs: number): Promise<CapabilityStatement> {
  const { exitCode, stdout, stderr, ms } = await theatre.timed(["probe", "--json", ...words]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).not.toMatch(unprintable);
  expect(stdout.length).toBeLessThan(512 * 1024);
  expect(ms).toBeLessThan(withinMs);
  const page = await theatre.run(["probe", ...words]);
  expect(page.exitCode).toBe(0);
  expect(page.stdout + page.stderr).not.toMatch(unprintable);
  return parseStatement(JSON.parse(stdout));
}

const answer = (value: object) => JSON.stringify({ ok: true, value });

/** A camera of so many sizes, each with so many rates. */
function camera(card: string, sizes: number, rates: number): string {
  const intervals = Array.from({ length: rates }, (_, index) => ({
    ...{ kind: "discrete", numerator: 1, denominator: index + 1 },
  }));
  return answer({
    ...{ driver: "uvcvideo", card, busInfo: nasty, capabilities: 0x0420_0001, outputFormats: [] },
    ...{ inputs: [nasty], isTruncated: false },
    captureFormats: [
      {
        ...{ fourcc: "YUYV", description: nasty, isCompressed: false },
        sizes: Array.from({ length: sizes }, (_, index) => ({
          ...{ kind: "discrete", width: 16 + index * 2, height: 16 + index, intervals },
        })),
      },
    ],
  });
}

const videoAnswers = (root: string) =>
  readdirSync(join(root, "answers/v4l2")).map((name) => `answers/v4l2/${name}`);

describe("a board", () => {
  it.each<[what: string, spoil: (root: string) => void]>([
    [
      "whose camera lists 10,000 modes",
      (root) => write(root, "answers/v4l2/video0.json", camera("Webcam", 100, 100)),
    ],
    [
      "whose every node is a camera with such a name and 10,000 modes",
      (root) => {
        for (const path of videoAnswers(root))
          write(root, path, camera(`${nasty}${"x".repeat(10_000)}`, 100, 100));
      },
    ],
    [
      "whose devices never answer",
      (root) => {
        for (const path of videoAnswers(root))
          write(root, path, JSON.stringify({ ok: false, code: "timed-out", detail: nasty }));
      },
    ],
    [
      "whose answers are torn, deep, or megabytes",
      (root) => {
        const [first, second, ...others] = videoAnswers(root);
        write(root, first!, '{"ok":true,"value":{"driver":"uv');
        write(root, second!, "[".repeat(200_000));
        for (const path of others) write(root, path, JSON.stringify("x".repeat(5_000_000)));
      },
    ],
    [
      "whose numbers are absurd",
      (root) => {
        write(root, "proc/meminfo", "MemTotal: 99999999999999999999999 kB\nMemAvailable: -1 kB\n");
        write(root, "proc/loadavg", "1e999 NaN -5 9/0 x");
        write(root, "sys/devices/system/cpu/online", "0-4294967295");
        write(root, "sys/class/thermal/thermal_zone0/temp", "99999999999999999999");
        write(root, "answers/storage.json", '{"/":{"totalBytes":-1,"freeBytes":1e308}}');
      },
    ],
    [
      "whose texts are terminals' commands",
      (root) => {
        for (const path of [
          "etc/hostname",
          "etc/os-release",
          "proc/device-tree/model",
          "proc/version",
          "proc/asound/cards",
        ])
          write(root, path, `${nasty}\nPRETTY_NAME="${nasty}"\n 0 [${nasty}]: ${nasty} - ${nasty}\n`);
      },
    ],
    [
      "whose programs print garbage",
      (root) => {
        for (const name of readdirSync(join(root, "answers/programs")))
          write(root, `answers/programs/${name}`, nasty.repeat(60_000));
      },
    ],
  ])("%s still tells its processor and what else it has", async (_what, spoil) => {
    const statement = await probed(["--root", spoiltBoard("raspberrypi-4", spoil)], 10_000);
    expect(statement.cpu).toMatchObject({ cores: expect.any(Number), arch: "aarch64" });
    expect(statement.cpu.cores).toBeLessThanOrEqual(65_536);
    for (const { formats } of statement.devices.cameras) expect(formats.length).toBeLessThanOrEqual(256);
  });

  it("of links in circles, FIFOs, folders for files and files for folders is looked at without end or harm", async () => {
    const root = spoiltBoard("raspberrypi-4", (folder) => {
      rmSync(join(folder, "sys/class/video4linux"), { recursive: true, force: true });
      symlinkSync(".", join(folder, "sys/class/video4linux"));
      for (const path of ["etc/hostname", "proc/loadavg"]) {
        rmSync(join(folder, path), { force: true });
        expect(spawnSync("mkfifo", [join(folder, path)]).status).toBe(0);
      }
      rmSync(join(folder, "proc/meminfo"));
      mkdirSync(join(folder, "proc/meminfo"));
      write(folder, "sys/class/net", "a file");
      symlinkSync("/etc/shadow", join(folder, "etc/machine-info"));
    });
    expect((await probed(["--root", root], 10_000)).cpu.cores).toBe(4);
  });

  it("with a camera of 10,000 modes has that camera, with no more modes than anybody reads", async () => {
    const root = spoiltBoard("x86-nvidia", (folder) => {
      for (const path of videoAnswers(folder)) write(folder, path, camera("Webcam", 100, 100));
    });
    const { cameras } = (await probed(["--root", root], 10_000)).devices;
    expect(cameras.map(({ name }) => name)).toContain("Webcam");
    for (const { formats } of cameras) {
      expect(formats.length).toBeGreaterThan(50);
      expect(formats.flatMap(({ fps }) => fps).length).toBeLessThanOrEqual(64 * 256);
    }
  });
});

describe("this machine", () => {
  it.each<[what: string, program: string, body: string, limitMs: number]>([
    ["nvidia-smi hangs, with a child", "nvidia-smi", "trap '' TERM INT; sleep 1000", 10_000],
    ["nvidia-smi floods", "nvidia-smi", "exec tr '\\0' '\\033' </dev/zero", 10_000],
    [
      "nvidia-smi prints names of many lines",
      "nvidia-smi",
      "printf 'evil\\033[2J\\r\\nname, 99999999999999999999, -1, \\342\\200\\256x, 9e99\\n, , , ,\\n'",
      10_000,
    ],
    ["vainfo stops", "vainfo", "kill -STOP $$", 10_000],
    ["FFmpeg hangs, with a child", "ffmpeg", "sleep 1000", 30_000],
    [
      "FFmpeg floods both its outputs",
      "ffmpeg",
      "tr '\\0' '\\033' </dev/zero >&2 & exec tr '\\0' 'D' </dev/zero",
      30_000,
    ],
    ["FFmpeg fails in escape codes", "ffmpeg", "printf '\\033[2J\\302\\233evil\\n' >&2; exit 1", 10_000],
  ])("whose %s is told apart from that", async (_what, program, body, limitMs) => {
    theatre.standIn(program, body);
    const { cpu, memory_gb, node_types } = await probed([], limitMs);
    expect(cpu.cores).toBeGreaterThan(0);
    expect(memory_gb).toBeGreaterThan(0);
    expect(node_types).toContain("CameraSource");
  });

  it("is examined by the doctor also where every program hangs", async () => {
    for (const program of ["ffmpeg", "ffprobe", "nvidia-smi", "vainfo"])
      theatre.standIn(program, "sleep 1000");
    const { exitCode, stdout, stderr, ms } = await theatre.timed(["doctor", "--json"]);
    expect(exitCode).toBeLessThanOrEqual(1);
    expect(stdout + stderr).not.toMatch(unprintable);
    const checks = JSON.parse(stdout).checks as { name: string; status: string }[];
    expect(checks.find(({ name }) => name === "ffmpeg")).toMatchObject({ status: "missing" });
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["memory", "clock", "cameras"]));
    expect(ms).toBeLessThan(40_000);
  });
});

describe("the process that asks devices", () => {
  const [first, ...others] = checkoutCommand.command;
  const openProber = () =>
    createProber({ command: [first!, ...others, "__prober"], deadlineMs: 500, idleMs: 60_000 });
  /** Those that this process has started and that still run. */
  const children = () =>
    readdirSync("/proc").filter((pid) => {
      try {
        const isOurs =
          readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === `${process.pid}`;
        return isOurs && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("__prober");
      } catch {
        return false;
      }
    });

  it.each<[NodeJS.Signals, string]>([
    ["SIGSTOP", "timed-out"],
    ["SIGKILL", "not-present"],
  ])(
    "gets %s while nobody asks: the next device is %s, and the one after it is asked",
    async (signal, code) => {
      using prober = openProber();
      await prober.videoDevice("/dev/video99");
      const [pid] = children();
      process.kill(Number(pid), signal);
      if (signal === "SIGKILL") await expect.poll(children).toEqual([]);
      expect(await prober.videoDevice("/dev/video98")).toMatchObject({ ok: false, code });
      expect(await prober.pcmDevice("/dev/snd/pcmC99D0c")).toMatchObject({ ok: false, code: "not-present" });
      prober[Symbol.dispose]();
      await expect.poll(children).toEqual([]);
    },
  );
});
