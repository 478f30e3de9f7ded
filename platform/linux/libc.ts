// The C functions by which devices are asked, by bun:ffi.
import { dlopen, read } from "bun:ffi";

const symbols = {
  open: { args: ["ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  // Variadic in C; on x86-64 and aarch64 Linux a pointer is passed the same way.
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
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
  return undefined;
}

let loaded: ReturnType<typeof open>;

/** The C library, opened at the first call; undefined where it is neither glibc nor musl. */
export function libc(): ReturnType<typeof open> {
  loaded ??= open();
  return loaded;
}

/** Why the last call failed. Call it at once: the next call of anybody's may change it. */
export function lastErrno(c: NonNullable<ReturnType<typeof open>>): number {
  return read.i32(c.__errno_location()!, 0);
}
