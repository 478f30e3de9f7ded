// The disk of this machine.
import fs, { constants, type Stats } from "node:fs";
import { link, lstat, mkdir, readdir, rename, rmdir, statfs, unlink } from "node:fs/promises";
import { promisify } from "node:util";
import type { Disk, DiskEntry, DiskFile, OpenMode } from "./disk.ts";
import { diskFailure } from "./disk-failure.ts";
import { tryFlock } from "./flock.ts";

// Numbers of open files rather than handles: a handle that nobody keeps is closed by the collector, and its lock is gone with it.
const open = promisify(fs.open);
const close = promisify(fs.close);
const read = promisify(fs.read);
const write = promisify(fs.write);
const fstat = promisify(fs.fstat) as (fd: number) => Promise<Stats>;
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const fchmod = promisify(fs.fchmod);

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const flags: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY | O_NOFOLLOW,
  keep: O_RDWR | O_CREAT | O_NOFOLLOW,
  new: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
};

/** @param fileMode of files that it makes: the store's are their owner's alone */
export function openLinuxDisk(fileMode = 0o600): Disk {
  return {
    open: (path, mode) =>
      attempt("open", path, async () => openedFile(path, await open(path, flags[mode], fileMode))),
    entry: (path) => attempt("look at", path, async () => toEntry(await lstat(path)), ["ENOENT", "ENOTDIR"]),
    list: async (folder) => (await attempt("list", folder, () => readdir(folder), ["ENOENT"])) ?? [],
    makeFolder: async (path) => {
      const make = () => mkdir(path, { mode: 0o700 }).then(() => true);
      return (await attempt("make", path, make, ["EEXIST"])) ?? false;
    },
    link: (file, path) => attempt("link", path, () => link(file, path)),
    rename: (from, to) => attempt("rename", to, () => rename(from, to)),
    removeFile: (path) => attempt("remove", path, () => unlink(path), ["ENOENT"]),
    removeFolder: (path) => attempt("remove", path, () => rmdir(path), ["ENOENT"]),
    // Some file systems can't sync a folder (`EINVAL`), and one above the store may not be ours to read: there is nothing more to be done.
    syncFolder: (path) => attempt("sync", path, () => syncFolder(path), ["EINVAL", "EACCES"]),
    freeBytes: (folder) =>
      attempt("look at", folder, async () => {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize;
      }),
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await fsync(folder);
  } finally {
    await close(folder);
  }
}

function openedFile(path: string, fd: number): DiskFile {
  return {
    entry: () => attempt("look at", path, async () => toEntry(await fstat(fd))),
    read: (into, offset) =>
      attempt("read", path, async () => (await read(fd, into, 0, into.byteLength, offset)).bytesRead),
    write: (bytes, offset) =>
      attempt("write", path, async () => {
        for (let done = 0; done < bytes.byteLength; ) {
          const { bytesWritten } = await write(fd, bytes, done, bytes.byteLength - done, offset + done);
          done += bytesWritten;
        }
      }),
    truncate: (size) => attempt("truncate", path, () => ftruncate(fd, size)),
    sync: () => attempt("sync", path, () => fsync(fd)),
    seal: () => attempt("protect", path, () => fchmod(fd, 0o400)),
    tryLock: (kind) => {
      const outcome = tryFlock(fd, kind);
      if (typeof outcome === "number") throw diskFailure("lock", path, `error ${outcome}`);
      return outcome;
    },
    close: () => attempt("close", path, () => close(fd)),
  };
}

function toEntry(stats: Stats): DiskEntry {
  return {
    kind: stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other",
    size: stats.size,
    id: `${stats.dev}:${stats.ino}`,
    links: stats.nlink,
  };
}

/** Does it, and says what refused; undefined where it is refused for one of the reasons `unless`. */
async function attempt<Result>(doing: string, path: string, action: () => Promise<Result>): Promise<Result>;
async function attempt<Result>(
  doing: string,
  path: string,
  action: () => Promise<Result>,
  unless: readonly string[],
): Promise<Result | undefined>;
async function attempt<Result>(
  doing: string,
  path: string,
  action: () => Promise<Result>,
  unless: readonly string[] = [],
): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? String(error);
    if (unless.includes(errno)) return undefined;
    throw diskFailure(doing, path, errno, error);
  }
}
