// Cgroups for children: a folder of cgroup v2 each, with limits on memory, tasks and CPU time that hold whatever happens inside.
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** One child's cgroup. */
export interface ChildCgroup {
  /** The file that a process writes 0 into to join. */
  readonly joinFile: string;
  /** Removes the cgroup, whose child must be gone. Gives whether the kernel killed it for its memory. */
  close(): { readonly isOutOfMemory: boolean };
}

export interface ChildCgroups {
  /** Why children get none; undefined where they do. */
  readonly reason: string | undefined;
  /** A cgroup for a child that may have `memoryBytes`; undefined where there are none. */
  open(memoryBytes: number): ChildCgroup | undefined;
}

export interface ChildCgroupsOptions {
  /** Where cgroup v2 is mounted; default `/sys/fs/cgroup`. */
  readonly root?: string;
  /** The text of `/proc/self/cgroup`. */
  readonly own: string;
  readonly pid: number;
  /** The cgroup that is ours to divide, as a path below `root`, where the operator says so. Default: our own, if we are alone in it. */
  readonly configured?: string | undefined;
  /** Whether the system's manager has given this cgroup folder away. Asked only about our own, and only if we may write to it. */
  isDelegated(folder: string): boolean;
  isRunning(pid: number): boolean;
  /** CPU time that one child may use, in percent of one core. Default: no limit. */
  readonly cpuPercent?: number | undefined;
  /** Processors of the machine: the engine starts threads for each. */
  readonly processors: number;
  /** Removes a cgroup's folder; default `rmdir`, which the kernel's files in it don't hinder. */
  readonly removeFolder?: (folder: string) => void;
}

/** The period that a CPU limit is counted in, in microseconds: the kernel's own default. */
const cpuPeriodUs = 100_000;
/** Threads that the engine may want beside those for each processor. */
const baseTasks = 64;
const controllers = ["memory", "pids", "cpu"] as const;
const ownLeaf = "agent";
const childName = /^child-(\d+)-\d+$/;

/** Finds out at the first child whether there can be cgroups, and prepares for them; what isn't possible is not an error. Nobody
 * else's processes are ever moved, and our own only from a cgroup that was given to us and in which we are alone.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html */
export function createChildCgroups(options: ChildCgroupsOptions): ChildCgroups {
  let prepared: string | RefusedReason | undefined;
  let count = 0;
  const prepare = () => {
    prepared ??= prepareFolder(options);
    return prepared;
  };
  return {
    get reason() {
      const result = prepare();
      return typeof result === "string" ? undefined : result.reason;
    },
    open(memoryBytes) {
      const folder = prepare();
      if (typeof folder !== "string") return undefined;
      count += 1;
      return openCgroup(join(folder, `child-${options.pid}-${count}`), memoryBytes, options);
    },
  };
}

interface RefusedReason {
  readonly reason: string;
}

/** The folder below which children get theirs, or why there is none. */
function prepareFolder(options: ChildCgroupsOptions): string | RefusedReason {
  const { root = "/sys/fs/cgroup", own, configured } = options;
  if (read(join(root, "cgroup.controllers")) === "") return { reason: "cgroup v2 is not mounted" };
  const path = configured ?? /^0::(\/.*)$/m.exec(own)?.[1];
  if (path === undefined || path === "/" || path.split("/").includes(".."))
    return { reason: "this process has no cgroup of its own" };
  const folder = join(root, path);
  try {
    if (configured !== undefined) mkdirSync(folder, { recursive: true });
    for (const file of ["", "cgroup.procs", "cgroup.subtree_control"])
      accessSync(join(folder, file), constants.W_OK);
  } catch {
    return { reason: `${path} can't be written` };
  }
  if (!words(join(folder, "cgroup.controllers")).includes("memory"))
    return { reason: `${path} has no memory controller` };
  const refused = configured === undefined ? moveToLeaf(folder, path, options) : undefined;
  if (refused !== undefined) return refused;
  if (!enableControllers(folder)) {
    if (configured === undefined) moveBack(folder, options);
    return { reason: `${path} can't be divided` };
  }
  removeLeftovers(folder, options);
  return folder;
}

/** A cgroup with controllers for its children has no processes of its own: we go into a leaf, if nobody else is there. */
function moveToLeaf(folder: string, path: string, options: ChildCgroupsOptions): RefusedReason | undefined {
  if (!options.isDelegated(folder)) return { reason: `${path} is not delegated to us` };
  const processes = words(join(folder, "cgroup.procs"));
  if (processes.length !== 1 || processes[0] !== String(options.pid))
    return { reason: `others are in ${path} too` };
  try {
    mkdirSync(join(folder, ownLeaf), { recursive: true });
    writeFileSync(join(folder, ownLeaf, "cgroup.procs"), String(options.pid));
    return undefined;
  } catch {
    moveBack(folder, options);
    return { reason: `${path} can't be divided` };
  }
}

function moveBack(folder: string, { pid, removeFolder = rmdirSync }: ChildCgroupsOptions): void {
  tryTo(() => writeFileSync(join(folder, "cgroup.procs"), String(pid)));
  tryTo(() => removeFolder(join(folder, ownLeaf)));
}

/** One by one, since one that can't be had must not cost the others. Gives whether memory can be limited. */
function enableControllers(folder: string): boolean {
  const file = join(folder, "cgroup.subtree_control");
  for (const name of controllers) {
    if (!words(file).includes(name)) tryTo(() => writeFileSync(file, `+${name}`));
  }
  return words(file).includes("memory");
}

/** Cgroups of a parent that was killed: it takes its children with it, but leaves their folders. */
function removeLeftovers(
  folder: string,
  { pid, isRunning, removeFolder = rmdirSync }: ChildCgroupsOptions,
): void {
  for (const name of readdirSync(folder)) {
    const owner = Number(childName.exec(name)?.[1] ?? Number.NaN);
    if (owner === pid || (owner > 0 && !isRunning(owner))) tryTo(() => removeFolder(join(folder, name)));
  }
}

function openCgroup(
  folder: string,
  memoryBytes: number,
  { cpuPercent, processors, removeFolder = rmdirSync }: ChildCgroupsOptions,
): ChildCgroup | undefined {
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, "memory.max"), String(memoryBytes));
  } catch {
    tryTo(() => removeFolder(folder));
    return undefined;
  }
  const limits: Readonly<Record<string, string>> = {
    // Killed as a whole, and before it takes the board's swap.
    "memory.oom.group": "1",
    "memory.swap.max": "0",
    "pids.max": String(baseTasks + 2 * processors),
    ...(cpuPercent === undefined
      ? {}
      : { "cpu.max": `${Math.round((cpuPercent / 100) * cpuPeriodUs)} ${cpuPeriodUs}` }),
  };
  for (const [file, value] of Object.entries(limits)) tryTo(() => writeFileSync(join(folder, file), value));
  return {
    joinFile: join(folder, "cgroup.procs"),
    close() {
      const isOutOfMemory = /^oom_kill [1-9]/m.test(read(join(folder, "memory.events")));
      tryTo(() => removeFolder(folder));
      return { isOutOfMemory };
    },
  };
}

/** Takes what isn't possible for an answer: a kernel without swap accounting, an old one without group kills. */
function tryTo(effect: () => void): void {
  try {
    effect();
  } catch {
    // See above.
  }
}

/** "" where it can't be read. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function words(file: string): string[] {
  return read(file).split(/\s+/).filter(Boolean);
}
