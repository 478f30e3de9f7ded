// The few C functions that Bun has no API for, by bun:ffi.
import { dlopen } from "bun:ffi";
import { RemoteMediaError } from "../base/error.ts";

const symbols = {
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "u64"], returns: "i32" },
  ftruncate: { args: ["i32", "i64"], returns: "i32" },
  mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "ptr" },
  munmap: { args: ["ptr", "u64"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
  setitimer: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  getxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  syscall: { args: ["i64", "u64", "u64", "ptr"], returns: "i64" },
} as const;

/** glibc, then musl by architecture. */
const names = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"];

function open() {
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // The next name may be this system's.
    }
  }
  throw new RemoteMediaError("sandbox-failed", "the C library can't be opened", {
    hint: "RemoteMedia needs glibc or musl on Linux",
  });
}

let loaded: ReturnType<typeof open> | undefined;

/** The C library, opened at the first call. */
export function libc(): ReturnType<typeof open> {
  loaded ??= open();
  return loaded;
}
