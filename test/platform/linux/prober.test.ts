// Devices asked through a child: the real one, and children that hang, lie, flood and die.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProber } from "../../../platform/linux/prober.ts";

const repository = join(import.meta.dirname, "../../..");
const real = [process.execPath, join(repository, "agent/cli/main.ts"), "__prober"];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "remotemedia-prober-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A child in shell; each start is a line in the file `starts`. */
function script(body: string): string[] {
  const file = join(folder, "child");
  writeFileSync(file, `echo $$ >> ${folder}/starts\n${body}\n`);
  return ["/bin/sh", file];
}

function starts(): number[] {
  if (!existsSync(join(folder, "starts"))) return [];
  return readFileSync(join(folder, "starts"), "utf8").trim().split("\n").map(Number);
}

const pcm = { id: "a", name: "b", formats: [], minChannels: 1, maxChannels: 2, minRate: 1, maxRate: 2 };

describe("the real child", () => {
  it("tells of devices that aren't there, one after the other, by one child", async () => {
    using prober = createProber({ command: real });
    const answers = await Promise.all([
      prober.videoDevice("/dev/video99"),
      prober.pcmDevice("/dev/snd/pcmC99D0c"),
      prober.videoDevice("/dev/video98"),
    ]);
    expect(answers).toEqual(
      ["/dev/video99", "/dev/snd/pcmC99D0c", "/dev/video98"].map((path) => ({
        ...{ ok: false, code: "not-present" },
        detail: `${path} is not there`,
      })),
    );
  });

  it("ends with its stdin, and refuses what is no device that is asked", () => {
    const { stdout, status } = spawnSync(real[0]!, real.slice(1), {
      input: "/dev/watchdog\n/dev/../etc/passwd\n",
      encoding: "utf8",
    });
    const [ready, ...answers] = stdout.trim().split("\n");
    expect({ ready, status }).toEqual({ ready: "ready", status: 0 });
    expect(answers.map((line) => JSON.parse(line).code)).toEqual(["not-supported", "not-supported"]);
  });
});

describe("a child that", () => {
  it("never answers for one device is killed, and a fresh one goes on with the rest", async () => {
    const answer = JSON.stringify({ ok: true, value: pcm });
    const command = script(
      `echo ready; while read -r path; do case $path in *C1*) exec sleep 1000;; *) echo '${answer}';; esac; done`,
    );
    using prober = createProber({ command, deadlineMs: 300 });
    const began = performance.now();
    const answers = await Promise.all(
      [0, 1, 2, 3].map((card) => prober.pcmDevice(`/dev/snd/pcmC${card}D0p`)),
    );
    expect(answers.map((one) => (one.ok ? "ok" : one.code))).toEqual(["ok", "timed-out", "ok", "ok"]);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(starts()).toHaveLength(2);
    await expect.poll(() => isRunning(starts()[0]!)).toBe(false);
  });

  it("hung over a device costs one child: it is asked again later, and later still where it hangs on", async () => {
    let nowMs = 5;
    let file = "as it was";
    const answer = JSON.stringify({ ok: true, value: pcm });
    const command = script(
      `echo ready; while read -r path; do
         if test "$path" = /dev/snd/pcmC1D0p && ! test -e ${folder}/mended; then exec sleep 1000; fi
         echo '${answer}'; done`,
    );
    const coolDown = { nowMs: () => nowMs, identify: () => file };
    using prober = createProber({ command, deadlineMs: 200, idleMs: 60_000, coolDown });
    const ask = async (card = 1) => {
      const one = await prober.pcmDevice(`/dev/snd/pcmC${card}D0p`);
      return one.ok ? "ok" : one.code;
    };
    let asked = 0;
    const expectHang = async (pauseMs: number) => {
      expect([await ask(), starts().length]).toEqual(["timed-out", ++asked]);
      nowMs += pauseMs - 1;
      const began = performance.now();
      expect([await ask(), starts().length]).toEqual(["timed-out", asked]);
      expect(performance.now() - began).toBeLessThan(150);
      nowMs += 1;
    };
    for (const seconds of [30, 60, 120, 240, 480, 600, 600]) await expectHang(seconds * 1000);
    // The others are asked as ever.
    expect([await ask(0), starts().length]).toEqual(["ok", ++asked]);
    writeFileSync(join(folder, "mended"), "");
    expect(await ask()).toBe("ok");
    rmSync(join(folder, "mended"));
    // It has answered: all begins anew, with the child that is there.
    asked--;
    await expectHang(30_000);
    expect([await ask(), starts().length]).toEqual(["timed-out", ++asked]);
    // Plugged in again it is another.
    file = "another";
    writeFileSync(join(folder, "mended"), "");
    expect(await ask()).toBe("ok");
  });

  it("dies over a device makes that one unreadable", async () => {
    const command = script("echo ready; read -r path; kill -SEGV $$");
    using prober = createProber({ command });
    expect(await prober.videoDevice("/dev/video0")).toMatchObject({ ok: false, code: "unreadable" });
    expect(await prober.videoDevice("/dev/video1")).toMatchObject({ ok: false, code: "unreadable" });
    expect(starts()).toHaveLength(2);
  });

  it("dies over a device after it has served another is replaced once, for it may not have heard", async () => {
    const answer = JSON.stringify({ ok: true, value: pcm });
    const command = script(`echo ready; read -r path; echo '${answer}'; read -r path; exit`);
    using prober = createProber({ command });
    for (const card of [0, 1, 2]) {
      expect((await prober.pcmDevice(`/dev/snd/pcmC${card}D0p`)).ok).toBe(true);
    }
    expect(starts()).toHaveLength(3);
  });

  it("lies is believed nothing", async () => {
    const lies = [
      "{",
      "[]",
      '{"ok":1}',
      '{"ok":true,"value":{"driver":7}}',
      '{"ok":false,"code":"gone","detail":""}',
    ];
    for (const lie of lies) {
      using prober = createProber({ command: script(`echo ready; read -r path; echo '${lie}'`) });
      expect(await prober.videoDevice("/dev/video0"), lie).toMatchObject({ ok: false, code: "unreadable" });
    }
  });

  it("floods us is cut off", async () => {
    const command = script("echo ready; read -r path; exec tr '\\0' 'a' < /dev/zero");
    using prober = createProber({ command, deadlineMs: 20_000 });
    expect(await prober.videoDevice("/dev/video0")).toMatchObject({ ok: false, code: "unreadable" });
  });

  it("doesn't start, or never gets ready, is not waited for again and again", async () => {
    using missing = createProber({ command: ["/nowhere/prober"] });
    expect(await missing.videoDevice("/dev/video0")).toMatchObject({ ok: false, code: "not-supported" });
    using slow = createProber({ command: script("exec sleep 1000"), startMs: 200 });
    const answers = await Promise.all([0, 1, 2, 3].map((index) => slow.videoDevice(`/dev/video${index}`)));
    expect(answers.map((one) => (one.ok ? "ok" : one.code))).toEqual(Array(4).fill("not-supported"));
    expect(starts()).toHaveLength(1);
  });

  it("has nothing to do is let go, and started again when there is", async () => {
    using prober = createProber({
      command: script("echo ready; read -r path; echo {}; exec sleep 1000"),
      idleMs: 20,
    });
    await prober.videoDevice("/dev/video0");
    await expect.poll(() => isRunning(starts()[0]!)).toBe(false);
    await prober.videoDevice("/dev/video0");
    expect(starts()).toHaveLength(2);
  });

  it("is slow is not let go while another device waits", async () => {
    const answer = JSON.stringify({ ok: true, value: pcm });
    const command = script(`echo ready; while read -r path; do sleep 0.2; echo '${answer}'; done`);
    using prober = createProber({ command, idleMs: 20 });
    const paths = ["/dev/snd/pcmC0D0p", "/dev/snd/pcmC0D1p", "/dev/snd/pcmC0D2p"];
    const answers = await Promise.all(paths.map((path) => prober.pcmDevice(path)));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(starts()).toHaveLength(1);
  });

  it("hangs ends when the prober is disposed", async () => {
    const prober = createProber({ command: script("echo ready; exec sleep 1000") });
    const answer = prober.videoDevice("/dev/video0");
    await expect.poll(() => starts().length).toBe(1);
    prober[Symbol.dispose]();
    expect(await answer).toMatchObject({ ok: false });
    await expect.poll(() => isRunning(starts()[0]!)).toBe(false);
    expect(await prober.videoDevice("/dev/video0")).toMatchObject({ ok: false });
    expect(starts()).toHaveLength(1);
  });
});

/** A killed process may stay as a zombie until its parent has heard of it. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
