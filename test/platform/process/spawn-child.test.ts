// What a child is before it runs: its address space, its limits, its environment, its folder, its descriptors, its end.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";
import { answerOf, expectGone, isRunning, mebibyte, startChild } from "./children.ts";

interface Look {
  readonly environment: Record<string, string>;
  readonly folder: string;
  readonly files: readonly string[];
  readonly descriptors: readonly string[];
  readonly limits: string;
  readonly arguments: readonly string[];
}

const secrets = {
  BUN_BE_BUN: "1",
  LD_PRELOAD: "/nowhere.so",
  AWS_SECRET_ACCESS_KEY: "hunter2",
  NODE_OPTIONS: "--inspect",
};
let folder: string;
const before = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "process-"));
  process.env["TMPDIR"] = folder;
});
afterEach(() => {
  for (const name of [...Object.keys(secrets), "TMPDIR"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("a child", () => {
  it("is given a fixed environment: nothing of its parent's reaches it", async () => {
    Object.assign(process.env, secrets);
    const { environment } = (await answerOf(startChild("look"))) as Look;
    // PWD, OLDPWD, SHLVL and _ are the shell's own; the engine's settings are the adapter's.
    const names = Object.keys(environment).filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name));
    expect(names.filter((name) => !name.startsWith("BUN_JSC_"))).toEqual(["LANG"]);
    expect(JSON.stringify(environment)).not.toContain("hunter2");
  });

  it("works in an empty folder of its own, which is gone once it has spoken", async () => {
    const child = startChild("look");
    expect(readdirSync(folder)).toHaveLength(1);
    const look = (await answerOf(child)) as Look;
    expect(look.folder.startsWith(folder)).toBe(true);
    expect(look.files).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves no folder when it is killed before it has spoken", async () => {
    const child = startChild("look");
    child.kill();
    await child.exited;
    expect(readdirSync(folder)).toEqual([]);
  });

  it("inherits its socket and its memory and nothing else that its parent holds open", async () => {
    const neighbour = startChild("polite");
    await answerOf(neighbour);
    const { descriptors } = (await answerOf(startChild("look"))) as Look;
    expect(descriptors.filter((line) => !/^[0-2] /.test(line))).toEqual([
      "3 socket:[N]",
      "4 /memfd:remotemedia (deleted)",
    ]);
  });

  it("writes no core dump, and has its address space capped", async () => {
    const { limits } = (await answerOf(startChild("look", { addressSpaceBytes: 900 * mebibyte }))) as Look;
    expect(limit(limits, "Max core file size")).toEqual(["0", "0"]);
    const cap = String(900 * mebibyte);
    expect(limit(limits, "Max address space")).toEqual([cap, cap]);
  });

  it("can't allocate past its cap, and can't lift it", async () => {
    const found = await answerOf(startChild("allocate", { addressSpaceBytes: 1024 * mebibyte }));
    expect(found).toMatchObject({ mapped: [true, false, false], raised: false });
  });

  it("can't cut the shared memory short under its parent, even before it is confined", async () => {
    expect(await answerOf(startChild("allocate"))).toMatchObject({ resized: [false, false, false] });
  });

  it("has no cap under an emulator, and no core dumps either", async () => {
    const { limits } = (await answerOf(startChild("look", {}, false))) as Look;
    expect(limit(limits, "Max address space")).toEqual(["unlimited", "unlimited"]);
    expect(limit(limits, "Max core file size")).toEqual(["0", "0"]);
  });

  it("knows its role and its memory's size from its arguments", async () => {
    const look = (await answerOf(startChild("look", { sharedBytes: 2 * mebibyte }))) as Look;
    expect(look.arguments).toEqual(["__sandbox", String(2 * mebibyte)]);
  });
});

describe("a child's end", () => {
  it("tells the exit code and the end of what it wrote, without control characters", async () => {
    const { exitCode, signal, lastWords } = await startChild("noisy").exited;
    expect([exitCode, signal]).toEqual([7, undefined]);
    expect(lastWords.length).toBeLessThanOrEqual(4096);
    expect(lastWords.endsWith("x[31m the end")).toBe(true);
  });

  it("tells the signal of a child that was killed, which may be done twice", async () => {
    const child = startChild("polite");
    await answerOf(child);
    child.kill();
    child.kill();
    expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
    expect(existsSync(`/proc/${child.pid}`)).toBe(false);
    child.wake();
    child.release();
    child.release();
  });

  it("comes with its parent's, even in a loop", async () => {
    const fixture = join(import.meta.dirname, "fixtures/parent.ts");
    for (const scenario of ["confined-loop", "polite"]) {
      const parent = spawn(process.execPath, [fixture, scenario], { stdio: ["ignore", "pipe", "inherit"] });
      const pid = await new Promise<number>((resolve) =>
        parent.stdout.once("data", (text) => resolve(Number(text))),
      );
      expect(isRunning(pid)).toBe(true);
      parent.kill("SIGKILL");
      await expectGone(pid);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("is told when there is no program to start", async () => {
    const nothing = createChildSpawner({ command: ["/nowhere/remotemedia"], capAddressSpace: true });
    const child = nothing.spawn({
      role: "sandbox",
      sharedBytes: mebibyte,
      addressSpaceBytes: 1024 * mebibyte,
    });
    const exit = await child.exited;
    child.release();
    expect(exit.exitCode).toBe(127);
    expect(exit.lastWords).toContain("/nowhere/remotemedia");
    expect(readdirSync(folder)).toEqual([]);
  });
});

it("memory that can't be had is refused with sandbox-failed, and nothing is left", () => {
  expect(() => startChild("polite", { sharedBytes: 2 ** 52 })).toThrow(
    expect.objectContaining({ code: "sandbox-failed" }),
  );
  expect(readdirSync(folder)).toEqual([]);
});

it("the shared memory of many children is given back", async () => {
  const held = () => readFileSync("/proc/self/maps", "utf8").split("memfd:remotemedia").length;
  const descriptors = () =>
    readdirSync("/proc/self/fd").filter((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`).startsWith("/memfd:remotemedia");
      } catch {
        return false;
      }
    }).length;
  const [maps, open] = [held(), descriptors()];
  for (let round = 0; round < 5; round++) {
    const child = startChild("polite");
    child.kill();
    await child.exited;
    child.release();
  }
  expect(held()).toBe(maps);
  expect(descriptors()).toBe(open);
});

function limit(limits: string, name: string): string[] {
  const line = limits.split("\n").find((candidate) => candidate.startsWith(name))!;
  return line.slice(name.length).trim().split(/\s+/).slice(0, 2);
}
