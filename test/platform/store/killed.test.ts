// The store's process under strace, which kills it at each system call that changes a disk, one after the other, or fails that call.
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLinuxDisk } from "../../../platform/store/linux-disk.ts";
import { expectEnd, expectWhole, live, openOn } from "./store-life.ts";

/** By these the store changes a disk. Files are made by `openat`, which writes nothing of theirs; what they are made for is in the list. */
const calls = ["mkdir", "rename", "link", "unlink", "rmdir", "fsync", "ftruncate", "fchmod", "pwrite64"];
/** Those whose failure no life survives. */
const builders = ["mkdir", "rename", "link", "fsync", "pwrite64"];
/** More of one kind than a life has in any thread. */
const maxCount = 200;

// Reason of a skip: strace isn't there, or this machine (a container, often) lets nobody trace, or its calls have other names (arm64).
const canTrace =
  process.arch === "x64" && spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;

/** What strace has done to a process. It counts each thread's calls for itself: the first that gets to `count` is struck. */
interface Outcome {
  readonly isStruck: boolean;
  readonly done: number;
  readonly trace: string;
  readonly stderr: string;
}

async function strike(folder: string, call: string, count: number, fault: string): Promise<Outcome> {
  const trace = join(folder, "trace");
  const program = [process.execPath, join(import.meta.dirname, "fixtures/live.ts"), join(folder, "home")];
  const inject = [`trace=${call}`, `inject=${call}:${fault}:when=${count}`].flatMap((rule) => ["-e", rule]);
  const child = spawn("strace", ["-f", "-qq", ...inject, "-o", trace, ...program]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const exit = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    isStruck: exit !== 0,
    done: Number(stdout.trim().split("\n").at(-1) || 0),
    trace: (await readFile(trace, "utf8")).split("\n").slice(-4).join("\n"),
    stderr,
  };
}

/** Strikes at the 1st, 2nd, … call of a kind until a life ends without one. @returns how often it struck */
async function walk(call: string, fault: string): Promise<number> {
  const disk = openLinuxDisk();
  for (let count = 1; count < maxCount; count++) {
    const folder = await mkdtemp(join(tmpdir(), "struck-"));
    const home = join(folder, "home");
    const { isStruck, done, trace, stderr } = await strike(folder, call, count, fault);
    try {
      if (!fault.startsWith("signal") && isStruck) expect(stderr).toContain("store-failed");
      await expectWhole(disk, done, home);
      await using store = openOn(disk, home);
      await live(store);
      await store.sweep();
      await expectEnd(disk, home);
    } catch (error) {
      throw new Error(`after ${fault} at ${call} ${count} (step ${done}):\n${trace}`, { cause: error });
    }
    await rm(folder, { recursive: true });
    if (!isStruck) return count - 1;
  }
  throw new Error(`a life has more than ${maxCount} calls of ${call}`);
}

describe.runIf(canTrace)("a store whose process is struck", () => {
  it.concurrent.each(calls)(
    "dead at any %s has all as it was or as it should be, and goes on",
    async (call) => {
      // So many, that a walk which ends early is seen (strace with --seccomp-bpf loses strikes after the first).
      expect(await walk(call, "signal=SIGKILL")).toBeGreaterThan(
        ["fsync", "mkdir", "rename"].includes(call) ? 3 : 0,
      );
    },
    120_000,
  );

  it.concurrent.each(calls)(
    "by a full disk at any %s has all as it was or as it should be, and goes on",
    async (call) => {
      // What tidies up may fail unseen; what builds may not.
      expect(await walk(call, "error=ENOSPC")).toBeGreaterThan(builders.includes(call) ? 0 : -1);
    },
    120_000,
  );
});
