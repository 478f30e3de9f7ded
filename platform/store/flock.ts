// Locks that die with their process: flock(2), by bun:ffi.
import { dlopen, read } from "bun:ffi";
import { RemoteMediaError } from "../base/error.ts";

const symbols = {
  flock: { args: ["i32", "i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** glibc, then musl by architecture. */
const names = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"];

/** @see https://man7.org/linux/man-pages/man2/flock.2.html */
const operations = { shared: 1, exclusive: 2 } as const;
const nonBlocking = 4;

function open() {
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // The next name may be this system's.
    }
  }
  throw new RemoteMediaError("store-failed", "the C library can't be opened, so files can't be locked", {
    hint: "RemoteMedia needs glibc or musl on Linux",
  });
}

let loaded: ReturnType<typeof open> | undefined;

/** What the system says where somebody else has a lock (`EWOULDBLOCK`), or a signal came in between (`EINTR`). */
const busy: readonly number[] = [11, 4];

/** Locks the open file where nobody has a lock that forbids it. The lock is the opening's: closing it, or the death of the last process
 * that has it, ends it; we open everything close-on-exec, so children don't have it.
 * @returns whether it is locked now, or the system's number of an error where it can't be locked at all (some network file systems) */
export function tryFlock(fd: number, kind: keyof typeof operations): boolean | number {
  loaded ??= open();
  if (loaded.flock(fd, operations[kind] | nonBlocking) === 0) return true;
  const errno = read.i32(loaded.__errno_location()!, 0);
  return busy.includes(errno) ? false : errno;
}
