// FFmpeg that misbehaves under a run, as users see it: exit codes, bounded time, clean messages, nothing left.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { CaptureRequest } from "../../platform/contract/media-capture.ts";
import { openFfmpegCapture } from "../../platform/ffmpeg/ffmpeg-capture.ts";
import { commandOf, ffmpegThat, realFfmpeg, Theatre, unprintable } from "./stand-ins.ts";

vi.setConfig({ testTimeout: 60_000 });

let theatre: Theatre;
beforeEach(() => {
  theatre = new Theatre();
});
afterEach(async () => {
  // A process that was killed may need a moment until its entry is gone.
  await expect.poll(() => theatre.remains(), { timeout: 8000 }).toEqual([]);
  theatre[Symbol.dispose]();
});

/** A pipeline of one source; its frames go to stdout. */
function sourceOf(node_type: string, params: object, from_port = "video"): string {
  const path = theatre.file("p.json");
  const nodes = [
    { id: "source", node_type, params },
    { id: "pass", node_type: "PassThrough" },
  ];
  writeFileSync(
    path,
    JSON.stringify({ version: "v1", nodes, connections: [{ from: "source", from_port, to: "pass" }] }),
  );
  return path;
}

/** 60 small pictures. */
function clip(): string {
  const path = theatre.file("clip.mkv");
  const made = spawnSync(realFfmpeg, ["-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:r=30:d=2", path]);
  expect(made.stderr.toString()).toBe("");
  return path;
}

const screen = { display: ":7", reconnect: false };

/** The one error of `--json`, and everything that any end of the program must be. */
function errorOf({ exitCode, stderr, stdout }: { exitCode: number | null; stderr: string; stdout: string }) {
  expect(stdout + stderr).not.toMatch(unprintable);
  expect(stderr).not.toContain("    at ");
  const line = stderr.split("\n").find((text) => text.startsWith('{"error"')) ?? expect.fail(stderr);
  const { code, message } = JSON.parse(line).error as { code: string; message: string };
  expect(message).not.toMatch(/\p{C}/u);
  expect(message.length).toBeLessThan(600);
  return { exitCode, code };
}

describe("a run whose FFmpeg", () => {
  it.each<[what: string, exitCode: number, code: string, node: string, params: object, body: string]>([
    [
      "says that the device is in use",
      1,
      "device-busy",
      "ScreenSource",
      screen,
      "echo ':7: Device or resource busy' >&2; exit 1",
    ],
    [
      "may not open the device",
      2,
      "device-denied",
      "ScreenSource",
      screen,
      "echo ':7: Permission denied' >&2; exit 1",
    ],
    ["says nothing and fails", 1, "ffmpeg-failed", "ScreenSource", screen, "exit 1"],
    ["says nothing and ends well", 1, "ffmpeg-failed", "ScreenSource", screen, "exit 0"],
    ["is killed", 1, "ffmpeg-failed", "ScreenSource", screen, "kill -9 $$"],
    [
      "prints a megabyte of escape codes on stderr",
      1,
      "ffmpeg-failed",
      "ScreenSource",
      screen,
      "head -c 1000000 /dev/zero | tr '\\0' '\\033' >&2; printf '\\033[2J\\r\\n\\302\\233evil' >&2; exit 1",
    ],
    [
      "prints a megabyte without a line's end as pictures",
      1,
      "input-invalid",
      "ScreenSource",
      screen,
      "head -c 1000000 /dev/urandom",
    ],
    [
      "closes its output at once and lives on",
      1,
      "ffmpeg-failed",
      "ScreenSource",
      screen,
      "exec >&-; exec sleep 1000",
    ],
    [
      "is a script whose own child lives on",
      1,
      "ffmpeg-failed",
      "ScreenSource",
      screen,
      "sleep 1000 & exit 1",
    ],
    [
      "is a script that waits for a child whose output is closed",
      1,
      "ffmpeg-failed",
      "ScreenSource",
      screen,
      "exec >&-; sleep 1000",
    ],
    [
      "closes its output at once, lives on and hears no signal",
      1,
      "ffmpeg-failed",
      "ScreenSource",
      screen,
      "trap '' TERM INT; exec >&-; while :; do sleep 1; done",
    ],
  ])("%s ends with %i, %s", async (_what, exitCode, code, node, params, body) => {
    theatre.standIn("ffmpeg", ffmpegThat(body));
    const ended = await theatre.timed(["run", "--json", sourceOf(node, params, "out")]);
    expect(errorOf(ended)).toEqual({ exitCode, code });
    expect(ended.ms).toBeLessThan(15_000);
  });

  it("dies in the middle gives what came before, and ends with 1, input-broken", async () => {
    // Wrapped, as distributions do: what is told to end is a shell, and FFmpeg its child.
    theatre.standIn("ffmpeg", ffmpegThat(`"${realFfmpeg}" "$@" | head -c 100000`));
    const ended = await theatre.timed([
      "run",
      "--json",
      sourceOf("FileSource", { path: clip(), realtime: true }),
    ]);
    const frames = ended.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { pts: number });
    expect(frames.length).toBeGreaterThan(10);
    expect(frames.length).toBeLessThan(60);
    expect(errorOf(ended)).toEqual({ exitCode: 1, code: "input-broken" });
  });

  it.each<[what: string, body: string]>([
    ["gives nothing", "exec sleep 1000"],
    ["gives nothing, by a child of its own", "sleep 1000"],
    ["gives nothing and hears no signal", "trap '' TERM INT; while :; do sleep 1; done"],
    ["gives pictures, by a child of its own", `"${realFfmpeg}" "$@"; sleep 1000`],
    ["has a child that nobody can find, which holds its pipes", "setsid sleep 6 & sleep 1000"],
    ["stands still", "kill -STOP $$"],
  ])("%s is gone when the run has had its time", async (_what, body) => {
    theatre.standIn("ffmpeg", ffmpegThat(body));
    const pipeline = sourceOf("FileSource", { path: clip(), realtime: true, loop: true });
    const { exitCode, ms, stdout, stderr } = await theatre.timed(["run", pipeline, "--duration", "1"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout + stderr).not.toMatch(unprintable);
    expect(ms).toBeLessThan(8000);
  });

  it.each<[what: string, exitCode: number, code: string, body: string]>([
    ["is of 2014", 2, "ffmpeg-missing", "echo 'ffmpeg version 2.8.15 Copyright (c) the FFmpeg developers'"],
    ["lacks a library", 1, "ffmpeg-failed", "echo 'error while loading shared libraries' >&2; exit 127"],
    ["says a version with escape codes", 2, "ffmpeg-missing", "printf 'ffmpeg version 2.8\\033[2Jevil\\n'"],
    ["never says its version", 1, "ffmpeg-failed", "sleep 1000"],
    ["says megabytes of version", 1, "input-invalid", "exec tr '\\0' '\\033' </dev/zero"],
  ])("%s ends with %i, %s", async (_what, exitCode, code, body) => {
    theatre.standIn("ffmpeg", body);
    const ended = await theatre.timed([
      "run",
      "--json",
      sourceOf("FileSource", { path: "clip.mkv", hardware: "off" }),
    ]);
    expect(errorOf(ended)).toEqual({ exitCode, code });
    expect(ended.ms).toBeLessThan(20_000);
  });
  it("hangs at its start doesn't hold up the end", async () => {
    theatre.standIn("ffmpeg", "sleep 1000");
    const words = ["run", sourceOf("ScreenSource", screen, "out"), "--duration", "1"];
    const { exitCode, ms } = await theatre.timed(words);
    expect(exitCode).toBe(0);
    expect(ms).toBeLessThan(6000);
  });

  it("isn't there ends with 2, ffmpeg-missing", async () => {
    const words = ["run", "--json", sourceOf("FileSource", { path: "clip.mkv" })];
    const ended = await theatre.start(words, "", { environment: { PATH: theatre.folder } }).ended;
    expect(errorOf(ended)).toEqual({ exitCode: 2, code: "ffmpeg-missing" });
  });

  it("is given names that would act on a terminal shows them as text", async () => {
    const path = "evil\u001b[2J\nname\u202e.mkv";
    const real = await theatre.timed(["run", "--json", sourceOf("FileSource", { path })]);
    expect(errorOf(real)).toEqual({ exitCode: 2, code: "input-missing" });
    const echo = `printf '%s\\n\\033]0;title\\007%s: Invalid data\\n' "$*" "$*" >&2; exit 1`;
    theatre.standIn("ffmpeg", ffmpegThat(echo));
    const echoed = await theatre.timed(["run", "--json", sourceOf("FileSource", { path })]);
    expect(errorOf(echoed)).toEqual({ exitCode: 1, code: "input-invalid" });
  });

  it("loses a live source again and again goes on until its time is over, and tells of it once", async () => {
    theatre.standIn("ffmpeg", ffmpegThat("printf '\\033[2JNo such device\\n' >&2; exit 1"));
    const pipeline = sourceOf("ScreenSource", { display: ":7" }, "out");
    const { exitCode, stdout, stderr } = await theatre.timed(["run", pipeline, "--duration", "3"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout + stderr).not.toMatch(unprintable);
    expect(stderr.split("isn't there yet")).toHaveLength(2);
  });

  it("is given nonsense for an address is never started", async () => {
    theatre.standIn("ffmpeg", `touch ${theatre.file("started")}`);
    for (const url of ["rtsp://", "rtsp://a b/", "rtsp://a/\u001b[2J", `rtsp://${"a".repeat(5000)}`]) {
      const ended = await theatre.timed(["run", "--json", sourceOf("RtspSource", { url, reconnect: false })]);
      expect(errorOf(ended), url).toEqual({ exitCode: 2, code: "node-invalid-params" });
    }
    expect(existsSync(theatre.file("started"))).toBe(false);
  });
});

describe("a run whose recording FFmpeg", () => {
  const rough = { width: 64, height: 48, realtime: false, duration_s: 2 };
  const recording = () => {
    const path = theatre.file("record.json");
    const nodes = [
      { id: "cam", node_type: "SyntheticSource", params: rough },
      { id: "file", node_type: "FileSink", params: { path: theatre.file("out.mkv") } },
    ];
    const connections = [{ from: "cam", from_port: "video", to: "file", to_port: "video" }];
    writeFileSync(path, JSON.stringify({ version: "v1", nodes, connections }));
    return path;
  };

  it.each<[what: string, code: string, body: string]>([
    ["finds no room", "output-failed", "echo 'No space left on device' >&2; exit 1"],
    ["breaks off", "output-failed", "head -c 20000 >/dev/null; kill -9 $$"],
    [
      "closes its input and says garbage",
      "output-failed",
      "exec <&-; head -c 300000 /dev/zero | tr '\\0' '\\033' >&2; exit 1",
    ],
    ["closes its input and leaves a child", "output-failed", "exec <&-; sleep 1000 & exit 1"],
  ])("%s ends with 1, %s, and leaves no process", async (_what, code, body) => {
    theatre.standIn("ffmpeg", ffmpegThat(body));
    const ended = await theatre.timed(["run", "--json", recording()]);
    expect(errorOf(ended)).toEqual({ exitCode: 1, code });
    expect(ended.ms).toBeLessThan(10_000);
  });
});

describe("a device, by the real FFmpeg or one that says what it says,", () => {
  const signal = new AbortController().signal;
  const captured = async (request: CaptureRequest, searchPath = theatre.environment["PATH"]!) => {
    try {
      for await (const _chunk of openFfmpegCapture({ searchPath }).capture(request, signal).bytes);
      return "ended";
    } catch (thrown) {
      if (!(thrown instanceof RemoteMediaError)) throw thrown;
      expect(thrown.message).not.toMatch(/\p{C}/u);
      return thrown.code;
    }
  };
  const camera: CaptureRequest = { input: { kind: "v4l2", path: "/dev/video99" }, video: { pixels: "i420" } };
  const microphone: CaptureRequest = { input: { kind: "alsa", device: "hw:9" }, audio: { samples: "s16le" } };
  const sensor: CaptureRequest = { input: { kind: "libcamera", camera: 0 }, video: { pixels: "i420" } };

  it("that was unplugged between probe and open is missing", async () => {
    expect(await captured(camera)).toBe("device-missing");
    expect(await captured(microphone)).toBe("device-missing");
  });

  it("that is in use is busy, and isn't asked for again in another way", async () => {
    const busy = `echo x >> ${theatre.file("asked")}; echo 'hw:9: Device or resource busy' >&2; exit 1`;
    theatre.standIn("ffmpeg", ffmpegThat(busy));
    expect(await captured(microphone)).toBe("device-busy");
    expect(await captured(camera)).toBe("device-busy");
    expect(readFileSync(theatre.file("asked"), "utf8")).toBe("x\nx\n");
  });

  it.each<[what: string, code: string, body: string]>([
    ["fails", "device-missing", "echo 'ERROR: *** no cameras available ***' >&2; exit 1"],
    ["ends at once, and leaves a child", "ffmpeg-failed", "sleep 1000 & echo $! > $(dirname $0)/child"],
    [
      "gives no pictures but garbage, and leaves a child",
      "ffmpeg-failed",
      "sleep 1000 & echo $! > $(dirname $0)/child; head -c 1000000 /dev/urandom",
    ],
  ])("whose libcamera program %s is %s, and nothing is left", async (_what, code, body) => {
    const temporary = new Set(readdirSync(tmpdir()));
    theatre.standIn("rpicam-vid", body);
    theatre.standIn("ffmpeg", ffmpegThat(`exec "${realFfmpeg}" "$@"`));
    expect(await captured(sensor)).toBe(code);
    const left = readdirSync(tmpdir()).filter(
      (name) => name.startsWith("libcamera-") && !temporary.has(name),
    );
    expect(left).toEqual([]);
    const child = join(theatre.stage, "child");
    if (!existsSync(child)) return;
    await expect.poll(() => commandOf(readFileSync(child, "utf8").trim())).toBe("");
  });
});
