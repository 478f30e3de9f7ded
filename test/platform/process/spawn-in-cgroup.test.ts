// A child joins its cgroup before it is anything else, and its end says whether the kernel ended it for its memory.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ChildExit, ChildOptions } from "../../../platform/contract/process.ts";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";
import { mebibyte } from "./children.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "remotemedia-cgroup-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Ended extends ChildExit {
  /** What the cgroup was opened with, and how often it was closed. */
  readonly asked: readonly number[];
  readonly closed: number;
}

async function runIn(
  joinFile: string | undefined,
  isOutOfMemory: boolean,
  options: Partial<ChildOptions> = {},
): Promise<Ended> {
  const asked: number[] = [];
  let closed = 0;
  const close = () => {
    closed += 1;
    return { isOutOfMemory };
  };
  const command = [process.execPath, join(import.meta.dirname, "fixtures/child.ts"), "quit"];
  const cgroups = {
    reason: undefined,
    open: (memoryBytes: number) => {
      asked.push(memoryBytes);
      return joinFile === undefined ? undefined : { joinFile, close };
    },
  };
  const child = createChildSpawner({ command, capAddressSpace: true }, cgroups).spawn({
    role: "sandbox",
    sharedBytes: mebibyte,
    addressSpaceBytes: 1024 * mebibyte,
    ...options,
  });
  const exit = await child.exited;
  child.release();
  return { ...exit, asked, closed };
}

it("joins by writing 0, for itself, into the cgroup's file", async () => {
  const file = join(folder, "cgroup.procs");
  writeFileSync(file, "");
  const ended = await runIn(file, false, { memoryBytes: 300 * mebibyte });
  expect(readFileSync(file, "utf8")).toBe("0\n");
  expect(ended).toMatchObject({ exitCode: 3, asked: [300 * mebibyte], closed: 1 });
  expect(ended.exceededMemoryBytes).toBeUndefined();
});

it("is not started where it can't join", async () => {
  const ended = await runIn(join(folder, "nowhere/cgroup.procs"), false);
  expect(ended).toMatchObject({ exitCode: 126, closed: 1 });
  expect(ended.lastWords).toContain("nowhere");
});

it("is started without where there is none", async () => {
  expect(await runIn(undefined, false)).toMatchObject({ exitCode: 3, closed: 0 });
});

it("that was ended for its memory says how much was too much: the address space's cap where nothing else was asked", async () => {
  const file = join(folder, "cgroup.procs");
  writeFileSync(file, "");
  expect(await runIn(file, true)).toMatchObject({ exceededMemoryBytes: 1024 * mebibyte });
  expect(await runIn(file, true, { memoryBytes: mebibyte })).toMatchObject({ exceededMemoryBytes: mebibyte });
});
