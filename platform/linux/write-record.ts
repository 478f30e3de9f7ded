// Writes what probes read as files, folders and links below one folder, so that reading there gives the same.
import { mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import { isSecretFile } from "./redact-board.ts";

/** What was read of a machine; paths are the machine's. */
export interface Reading {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly folders: ReadonlyMap<string, readonly string[]>;
  /** Paths whose target was asked for. */
  readonly links: ReadonlySet<string>;
  /** Files of the record beside the machine's own, by their path in it. */
  readonly answers: ReadonlyMap<string, string>;
  resolve(path: string): Promise<string | undefined>;
}

/** Every text and every path goes through `redact`. Gives the paths of the files, sorted. @throws RemoteMediaError `output-failed` */
export async function writeRecord(
  folder: string,
  reading: Reading,
  redact: (text: string) => string,
): Promise<readonly string[]> {
  const plan = await planRecord(reading, redact);
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length > 0) throw notEmpty(folder);
    for (const path of plan.folders) await mkdir(join(folder, path), { recursive: true });
    for (const [path, content] of plan.files) await write(join(folder, path), content);
    for (const path of plan.names) await write(join(folder, path), new Uint8Array());
    for (const [path, target] of plan.links) await link(folder, path, target);
    for (const path of [...plan.folders, ...plan.links.values()]) await fillEmpty(join(folder, path));
  } catch (error) {
    if (error instanceof RemoteMediaError) throw error;
    throw new RemoteMediaError("output-failed", `the record of this board can't be written to ${folder}`, {
      where: { file: folder },
      hint: "Give a new folder on a disk with space left.",
      cause: error,
    });
  }
  return [...plan.files.keys()].sort();
}

interface Plan {
  readonly files: Map<string, Uint8Array>;
  readonly folders: Set<string>;
  /** Where a link leads, as the machine's path. */
  readonly links: Map<string, string>;
  /** Seen in a list, never read: an empty file keeps the name. */
  readonly names: Set<string>;
}

async function planRecord(reading: Reading, redact: (text: string) => string): Promise<Plan> {
  const plan: Plan = { files: new Map(), folders: new Set(), links: new Map(), names: new Set() };
  const way = wayFinder(reading.resolve, (path, target) => plan.links.set(redact(path), redact(target)));
  for (const [path, bytes] of reading.files) {
    if (!isSecretFile(path)) plan.files.set(redact(await way(path)), redactBytes(bytes, redact));
  }
  // What stands in /dev is told by the answers.
  for (const path of reading.links) if (!path.startsWith("/dev/")) plan.folders.add(redact(await way(path)));
  for (const [path, names] of reading.folders) {
    const real = await way(path);
    plan.folders.add(redact(real));
    for (const name of names) {
      const child = `${real}/${name}`;
      if (!isSecretFile(name) && (await way(child)) === child) plan.names.add(redact(child));
    }
  }
  for (const [path, text] of reading.answers) plan.files.set(path, new TextEncoder().encode(redact(text)));
  return withoutClashes(plan);
}

/** What was read as a file is one, and what something lies below is a folder. */
function withoutClashes(plan: Plan): Plan {
  const above = new Set<string>();
  for (const path of [...plan.files.keys(), ...plan.folders, ...plan.links.keys(), ...plan.links.values()]) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      above.add(path.slice(0, at));
  }
  const isFolder = (path: string) => above.has(path) || plan.folders.has(path);
  const isTaken = (path: string) => plan.files.has(path) || plan.links.has(path) || isFolder(path);
  return {
    files: new Map([...plan.files].filter(([path]) => !above.has(path))),
    folders: new Set([...plan.folders].filter((path) => !plan.files.has(path))),
    links: plan.links,
    names: new Set([...plan.names].filter((path) => !isTaken(path))),
  };
}

/** Gives where a path leads, and tells of every link on the way. */
function wayFinder(
  resolve: (path: string) => Promise<string | undefined>,
  tell: (path: string, target: string) => void,
): (path: string) => Promise<string> {
  const known = new Map<string, string>([["", ""]]);
  const find = async (path: string): Promise<string> => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const parent = await find(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    const here = `${parent}/${path.slice(path.lastIndexOf("/") + 1)}`;
    const real = (await resolve(here)) ?? here;
    if (real !== here) tell(here, real);
    known.set(path, real);
    return real;
  };
  return (path) => find(path.replace(/\/{2,}/g, "/").replace(/\/$/, ""));
}

/** Bytes that are no text have no words to replace: a device tree's numbers. */
function redactBytes(bytes: Uint8Array, redact: (text: string) => string): Uint8Array {
  try {
    return new TextEncoder().encode(redact(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return bytes;
  }
}

async function write(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function link(folder: string, path: string, target: string): Promise<void> {
  await mkdir(join(folder, dirname(path)), { recursive: true });
  await symlink(relative(dirname(path), target) || ".", join(folder, path));
  if ((await kindOf(join(folder, target))) === undefined)
    await mkdir(join(folder, target), { recursive: true });
}

/** Git keeps no empty folders. */
async function fillEmpty(path: string): Promise<void> {
  if ((await kindOf(path)) === "folder" && (await readdir(path)).length === 0)
    await write(join(path, "uevent"), new Uint8Array());
}

async function kindOf(path: string): Promise<"folder" | "file" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}

function notEmpty(folder: string): RemoteMediaError {
  return new RemoteMediaError("output-failed", `${folder} has something in it already`, {
    where: { file: folder },
    hint: "Give a new folder.",
  });
}
