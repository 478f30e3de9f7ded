// Which commit a folder is of, where it is a git checkout: data for the provenance of a build. Nothing that the checkout configures is run.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { plainEnvironment } from "./environment.ts";

export interface GitSource {
  /** `https://…` or `ssh://…` without credentials; undefined where the checkout has no such remote. */
  readonly repository: string | undefined;
  /** Hexadecimal. */
  readonly commit: string;
  /** Whether a file that was asked about isn't what the commit has. */
  readonly changed: boolean;
}

const timeoutMs = 10_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** `paths` are relative to the folder. Undefined where the folder is no checkout, has no commit, or there is no git. */
export async function findGitSource(
  folder: string,
  paths: readonly string[],
): Promise<GitSource | undefined> {
  const commit = (await askGit(folder, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]))?.trim();
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const tree = await askGit(folder, ["ls-tree", "-r", "-z", commit, "--", "."]);
  const remote = (await askGit(folder, ["config", "--get", "remote.origin.url"]))?.trim();
  return {
    repository: remote === undefined ? undefined : plainRemote(remote),
    commit,
    changed: !(await isCommitted(folder, paths, parseTree(tree ?? ""))),
  };
}

/** Neither hooks, monitors, filters nor transports that the checkout's own configuration names: the folder may be anybody's. */
function askGit(folder: string, words: readonly string[]): Promise<string | undefined> {
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks"];
  const env = {
    ...plainEnvironment(),
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
  return new Promise((resolve) => {
    execFile(
      "git",
      [...safe, ...words],
      { cwd: folder, env, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: maxOutputBytes },
      (error, stdout) => resolve(error === null ? stdout : undefined),
    );
  });
}

/** Object ids by path relative to the folder. */
function parseTree(listing: string): ReadonlyMap<string, string> {
  const entries = listing.split("\0").flatMap((line) => {
    const [, id, path] = /^\d+ blob ([0-9a-f]{40,64})\t(.+)$/s.exec(line) ?? [];
    return id === undefined || path === undefined ? [] : [[path, id] as const];
  });
  return new Map(entries);
}

/** By the files' own bytes, as `git hash-object` would name them without filters. */
async function isCommitted(
  folder: string,
  paths: readonly string[],
  tree: ReadonlyMap<string, string>,
): Promise<boolean> {
  for (const path of paths) {
    const id = tree.get(path);
    if (id === undefined || (await objectId(join(folder, path), id.length)) !== id) return false;
  }
  return true;
}

async function objectId(file: string, digits: number): Promise<string | undefined> {
  const hash = createHash(digits === 64 ? "sha256" : "sha1");
  try {
    const found = await lstat(file);
    if (found.isSymbolicLink()) {
      const target = Buffer.from(await readlink(file));
      return hash.update(`blob ${target.length}\0`).update(target).digest("hex");
    }
    hash.update(`blob ${found.size}\0`);
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}

/** A remote as others can use it: without who fetched from it, and nothing for a path of this machine. */
export function plainRemote(remote: string): string | undefined {
  const short = /^(?:[^@/\s:]+@)?([a-zA-Z0-9.-]+):(?!\/\/)(.+)$/.exec(remote);
  const text = short === null ? remote : `ssh://${short[1]}/${short[2]!.replace(/^\/+/, "")}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!["https:", "http:", "ssh:", "git:"].includes(url.protocol)) return undefined;
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return url.href;
}
