// Cgroups of children over a folder that looks like cgroup v2: what is written where, and when nothing is touched at all.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChildCgroupsOptions, createChildCgroups } from "../../../platform/process/child-cgroup.ts";

const pid = 4242;
const path = "/system.slice/remotemedia.service";
let root: string;
let service: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "remotemedia-cgroup-"));
  service = join(root, path);
  makeCgroup(root);
  makeCgroup(service);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The kernel's files. Controllers are on already: a plain file doesn't take `+memory` the way the kernel does. */
function makeCgroup(folder: string, processes: readonly number[] = [pid]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cgroup.controllers"), "cpuset cpu io memory pids\n");
  writeFileSync(join(folder, "cgroup.subtree_control"), "cpu memory pids\n");
  writeFileSync(join(folder, "cgroup.procs"), processes.map((process) => `${process}\n`).join(""));
}

function open(options: Partial<ChildCgroupsOptions> = {}) {
  return createChildCgroups({
    root,
    own: `1:name=systemd:/elsewhere\n0::${path}\n`,
    pid,
    isDelegated: () => true,
    isRunning: () => false,
    processors: 4,
    removeFolder: (folder) => rmSync(folder, { recursive: true }),
    ...options,
  });
}

const read = (...names: string[]) => readFileSync(join(...names), "utf8");

/** Everything below the root with its contents, to see whether anything was changed. */
function snapshot(): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), read(parentPath, name)]),
  );
}

describe("in a cgroup that was delegated to us alone", () => {
  it("a child's holds its memory without swap, kills it as a whole, and bounds its tasks", () => {
    const child = open().open(300_000_000)!;
    const folder = join(service, `child-${pid}-1`);
    expect(child.joinFile).toBe(join(folder, "cgroup.procs"));
    const limits = readdirSync(folder).map((name) => [name, read(folder, name)]);
    expect(Object.fromEntries(limits)).toEqual({
      "memory.max": "300000000",
      "memory.swap.max": "0",
      "memory.oom.group": "1",
      "pids.max": "72",
    });
  });

  it("a CPU limit is a share of the period", () => {
    open({ cpuPercent: 150 }).open(1);
    expect(read(service, `child-${pid}-1`, "cpu.max")).toBe("150000 100000");
  });

  it("this process goes into a leaf first, once, and children beside it", () => {
    const cgroups = open();
    cgroups.open(1);
    expect(read(service, "agent", "cgroup.procs")).toBe(String(pid));
    writeFileSync(join(service, "agent", "cgroup.procs"), "untouched");
    cgroups.open(1);
    expect(read(service, "agent", "cgroup.procs")).toBe("untouched");
    expect(existsSync(join(service, `child-${pid}-2`))).toBe(true);
    expect(cgroups.reason).toBeUndefined();
  });

  it("nothing is touched before the first child", () => {
    const before = snapshot();
    open();
    expect(snapshot()).toEqual(before);
  });

  it("a closed one is gone, and tells whether the kernel killed for memory", () => {
    const cgroups = open();
    for (const [events, isOutOfMemory] of [
      ["low 0\noom 0\noom_kill 0\noom_group_kill 0\n", false],
      ["low 0\noom 3\noom_kill 12\noom_group_kill 1\n", true],
    ] as const) {
      const child = cgroups.open(1)!;
      const folder = join(child.joinFile, "..");
      writeFileSync(join(folder, "memory.events"), events);
      expect(child.close()).toEqual({ isOutOfMemory });
      expect(existsSync(folder)).toBe(false);
      expect(child.close()).toEqual({ isOutOfMemory: false });
    }
  });

  it("what a killed parent left is removed, what a running one has is not", () => {
    for (const name of ["child-77-1", `child-${pid}-9`, "child-88-1", "child-x", "somebody"])
      mkdirSync(join(service, name));
    open({ isRunning: (other) => other === 88 }).open(1);
    expect(readdirSync(service).filter((name) => !name.startsWith("cgroup."))).toEqual(
      expect.arrayContaining(["agent", "child-88-1", "child-x", "somebody", `child-${pid}-1`]),
    );
    expect(existsSync(join(service, "child-77-1"))).toBe(false);
    expect(existsSync(join(service, `child-${pid}-9`))).toBe(false);
  });
});

describe("there is no cgroup and nothing is changed", () => {
  it.each<[why: string, reason: string, options: Partial<ChildCgroupsOptions>, prepare?: () => void]>([
    ["v2 isn't mounted", "cgroup v2 is not mounted", {}, () => rmSync(join(root, "cgroup.controllers"))],
    ["only v1 knows us", "this process has no cgroup of its own", { own: "4:memory:/x\n" }],
    ["we are in the root", "this process has no cgroup of its own", { own: "0::/\n" }],
    ["ours is outside of what we see", "this process has no cgroup of its own", { own: "0::/../other\n" }],
    ["ours was not given away", `${path} is not delegated to us`, { isDelegated: () => false }],
    ["others are there", `others are in ${path} too`, {}, () => makeCgroup(service, [1, pid])],
    ["only others are there", `others are in ${path} too`, {}, () => makeCgroup(service, [7])],
    [
      "memory can't be counted",
      `${path} has no memory controller`,
      {},
      () => writeFileSync(join(service, "cgroup.controllers"), "cpu pids\n"),
    ],
    [
      "a file that must be written is missing",
      `${path} can't be written`,
      {},
      () => rmSync(join(service, "cgroup.subtree_control")),
    ],
  ])("when %s", (_why, reason, options, prepare) => {
    prepare?.();
    const before = snapshot();
    const cgroups = open(options);
    expect(cgroups.open(1)).toBeUndefined();
    expect(cgroups.reason).toBe(reason);
    expect(snapshot()).toEqual(before);
    expect(existsSync(join(service, "agent"))).toBe(false);
  });

  it("when controllers can't be handed down, this process goes back to where it was", () => {
    writeFileSync(join(service, "cgroup.subtree_control"), "");
    const cgroups = open();
    expect(cgroups.open(1)).toBeUndefined();
    expect(cgroups.reason).toBe(`${path} can't be divided`);
    expect(read(service, "cgroup.procs")).toBe(String(pid));
    expect(existsSync(join(service, "agent"))).toBe(false);
  });
});

describe("in a cgroup that the operator names", () => {
  const configured = "/boards/remotemedia";

  it("children get theirs, and no process of ours is moved", () => {
    makeCgroup(join(root, configured), []);
    open({ configured, own: "0::/\n", isDelegated: () => false }).open(1);
    expect(existsSync(join(root, configured, `child-${pid}-1`, "memory.max"))).toBe(true);
    expect(existsSync(join(root, configured, "agent"))).toBe(false);
    expect(read(root, configured, "cgroup.procs")).toBe("");
  });

  it("there are none where its kernel files are missing", () => {
    const cgroups = open({ configured });
    expect(cgroups.open(1)).toBeUndefined();
    expect(cgroups.reason).toBe(`${configured} can't be written`);
  });
});

it("a child's that can't be made costs nothing but itself", () => {
  const cgroups = open();
  mkdirSync(join(service, `child-${pid}-1`));
  // The leftover of this very name is removed at the first child; one that appears later is in the way.
  cgroups.open(1)!.close();
  mkdirSync(join(service, `child-${pid}-2`));
  expect(cgroups.open(1)).toBeUndefined();
  expect(cgroups.open(1)).toBeDefined();
});
