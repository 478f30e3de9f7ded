// This machine as probes look at it: real files, programs, sockets, and those that hang.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askProgram } from "../../../platform/linux/ask-program.ts";
import { openLiveMachine } from "../../../platform/linux/live-machine.ts";

const strength = { seccomp: true, cgroup: false, reasons: ["no cgroup"] };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "remotemedia-live-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open() {
  return openLiveMachine({
    proberCommand: ["/nowhere/prober"],
    searchPath: folder,
    sandbox: async () => strength,
    now: () => new Date(1000),
  });
}

function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("the live machine", () => {
  it("reads the kernel's files, whose sizes say nothing", async () => {
    using machine = open();
    expect(machine).toMatchObject({ isRecorded: false, time: new Date(1000) });
    expect(await machine.readText("/proc/meminfo")).toMatch(/^MemTotal: /);
    expect(await machine.readText("/proc/cpuinfo")).toMatch(/processor/);
    expect(await machine.list("/proc/self")).toContain("status");
    expect(await machine.resolve("/proc/self")).toBe(`/proc/${process.pid}`);
    expect(await machine.readText("/proc")).toBeUndefined();
    expect(await machine.list("/nowhere")).toEqual([]);
    expect(await machine.sandbox()).toEqual(strength);
  });

  it("cuts a large file, and never opens a FIFO or a device", async () => {
    using machine = open();
    writeFileSync(join(folder, "large"), new Uint8Array(300 * 1024));
    expect(await machine.readBytes(join(folder, "large"))).toHaveLength(256 * 1024);
    expect(spawnSync("mkfifo", [join(folder, "fifo")]).status).toBe(0);
    expect(await machine.readText(join(folder, "fifo"))).toBeUndefined();
    expect(await machine.readBytes("/dev/zero")).toBeUndefined();
    expect(await machine.list(join(folder, "fifo"))).toEqual([]);
  });

  it("tells a device's group and whether it may be opened", async () => {
    using machine = open();
    expect(await machine.deviceNode("/dev/null")).toEqual({ mode: 0o666, group: "root", isAccessible: true });
    expect(await machine.deviceNode("/dev")).toBeUndefined();
    expect(await machine.deviceNode("/dev/nowhere")).toBeUndefined();
  });

  it("tells the space of a file system, and nothing of one that isn't there", async () => {
    using machine = open();
    const space = await machine.storage(folder);
    expect(space!.totalBytes).toBeGreaterThan(space!.freeBytes);
    expect(await machine.storage("/nowhere")).toBeUndefined();
  });

  it("tells a socket that takes connections from one that is only left over", async () => {
    using machine = open();
    const path = join(folder, "native");
    const server = Bun.listen({ unix: path, socket: { data() {} } });
    expect(await machine.socket(path)).toBe(true);
    server.stop(true);
    spawnSync("python3", [
      "-c",
      `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(`${path}2`)})`,
    ]);
    expect(await machine.socket(`${path}2`)).toBe(false);
    expect(await machine.socket("/dev/null")).toBe(false);
    expect(await machine.socket("/nowhere")).toBe(false);
  });

  it("asks no device without the process that would, and says so", async () => {
    using machine = open();
    const answer = { ok: false, code: "not-supported" };
    expect(await machine.videoDevice("/dev/video0")).toMatchObject(answer);
    expect(await machine.pcmDevice("/dev/null")).toMatchObject(answer);
  });
});

describe("askProgram", () => {
  const ask = (args: readonly string[] = [], deadlineMs = 5000) =>
    askProgram("vainfo", args, { searchPath: folder, deadlineMs });

  it("gives what a program prints, in a fixed environment", async () => {
    program("vainfo", 'echo "$# $1"; /usr/bin/env | /usr/bin/sort | /usr/bin/cut -d= -f1');
    const answer = await ask(["a b"]);
    expect(answer).toMatchObject({ ok: true, value: expect.stringMatching(/^1 a b\n/) });
    const names = answer.ok ? answer.value.trim().split("\n").slice(1) : [];
    expect(names.filter((name) => !["OLDPWD", "PWD", "_", "SHLVL"].includes(name))).toEqual([
      "LANG",
      "LC_ALL",
      "PATH",
    ]);
  });

  it("tells one that isn't there, one that fails and one that can't be started", async () => {
    expect(await ask()).toEqual({ ok: false, code: "not-present", detail: "vainfo is not installed" });
    program("vainfo", "echo noise; echo 'a\u001b[31m bad driver' >&2; exit 3");
    expect(await ask()).toEqual({
      ok: false,
      code: "unreadable",
      detail: "vainfo failed: a [31m bad driver",
    });
    writeFileSync(join(folder, "vainfo"), "\u007fELF no program");
    chmodSync(join(folder, "vainfo"), 0o755);
    expect(await ask()).toMatchObject({ ok: false, code: "unreadable" });
  });

  it("kills one that hangs, with all that it has started", async () => {
    const pidFile = join(folder, "pid");
    program("vainfo", `/bin/sleep 1000 & echo $! > ${pidFile}; wait`);
    const began = performance.now();
    expect(await ask([], 200)).toMatchObject({ ok: false, code: "timed-out" });
    expect(performance.now() - began).toBeLessThan(2000);
    const pid = Number(await Bun.file(pidFile).text());
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it("leaves nothing of one that hangs: no child of its script, no child of that", async () => {
    const mark = `${1000 + process.pid}.25`;
    program("vainfo", `trap '' TERM INT HUP; (/bin/sleep ${mark}; /bin/sleep ${mark}) & /bin/sleep ${mark}`);
    const asking = ask([], 400);
    await expect.poll(() => running(mark)).toHaveLength(2);
    expect(await asking).toMatchObject({ ok: false, code: "timed-out" });
    await expect.poll(() => running(mark)).toEqual([]);
  });

  it("takes what one printed that has ended, while a child of it still holds its output", async () => {
    const mark = `${1000 + process.pid}.5`;
    program("vainfo", `/bin/sleep ${mark} & (/bin/sleep 0.05; echo late) & echo told`);
    const began = performance.now();
    expect(await ask([], 20_000)).toEqual({ ok: true, value: "told\nlate\n" });
    expect(performance.now() - began).toBeLessThan(5000);
    await expect.poll(() => running(mark)).toEqual([]);
    program("vainfo", "/bin/sleep 1000 & echo broken >&2; exit 3");
    expect(await ask([], 20_000)).toMatchObject({ ok: false, detail: "vainfo failed: broken" });
  });

  it("is not held up by one that has left its group and keeps its output", async () => {
    const pidFile = join(folder, "pid");
    program("vainfo", `/usr/bin/setsid /bin/sh -c 'echo $$ > ${pidFile}; exec /bin/sleep 5' & echo told`);
    const began = performance.now();
    expect(await ask([], 20_000)).toEqual({ ok: true, value: "told\n" });
    expect(performance.now() - began).toBeLessThan(3000);
    await expect
      .poll(() =>
        Bun.file(pidFile)
          .text()
          .catch(() => ""),
      )
      .not.toBe("");
    process.kill(Number(await Bun.file(pidFile).text()), "SIGKILL");
  });

  it("ends those that are asked when this program ends", async () => {
    const mark = `${1000 + process.pid}.75`;
    program("vainfo", `/bin/sleep ${mark}`);
    const source = join(import.meta.dirname, "../../../platform/linux/ask-program.ts");
    const script = `import { askProgram } from ${JSON.stringify(source)};
      void askProgram("vainfo", [], { searchPath: ${JSON.stringify(folder)}, deadlineMs: 60_000 });
      process.stdin.on("data", () => process.exit(0));`;
    const asker = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stdout: "ignore" });
    await expect.poll(() => running(mark)).toHaveLength(1);
    asker.stdin.write("end\n");
    asker.stdin.flush();
    expect(await asker.exited).toBe(0);
    await expect.poll(() => running(mark)).toEqual([]);
  });

  it("ends one that prints without end, and keeps the first megabyte", async () => {
    program("vainfo", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done");
    const answer = await ask([], 20_000);
    expect(answer.ok && answer.value.length).toBe(1024 * 1024);
    program("vainfo", "while :; do echo ääääääääääääääääääääääääääääääääää; done");
    const wide = await ask([], 20_000);
    expect(wide.ok && wide.value.length).toBeGreaterThan(512 * 1024);
  });

  it("starts nothing but the programs that may be asked", async () => {
    program("other", "echo no");
    expect(await askProgram("other" as "vainfo", [], { searchPath: folder })).toMatchObject({ ok: false });
  });

  it("takes an executable that the operator has named", async () => {
    const path = program("my-ffmpeg", "echo mine");
    const options = { searchPath: "/nowhere", executables: { ffmpeg: path } };
    expect(await askProgram("ffmpeg", [], options)).toEqual({ ok: true, value: "mine\n" });
  });
});

/** Those of the programs `sleep` that were started with an argument of ours. */
function running(mark: string): number[] {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,stat=,args="], { encoding: "utf8" });
  const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([, stat, name, argument]) => stat?.[0] !== "Z" && name === "/bin/sleep" && argument === mark)
    .map(([pid]) => Number(pid));
}

/** A killed process may stay as a zombie until its parent has heard of it. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
