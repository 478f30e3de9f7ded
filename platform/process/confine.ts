// Confines this process for good, before it looks at anything that isn't trusted.
import { ptr } from "bun:ffi";
import type { Confinement } from "../contract/process.ts";
import { libc } from "./libc.ts";
import { type Architecture, seccompFilter } from "./seccomp-filter.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
const seccompNumber = { x64: 317n, arm64: 277n } as const;
const SIGKILL = 9;

/** Death with the parent, no new privileges, the seccomp filter. Threads that the JavaScript engine has started before
 * (they never touch guest bytes until it runs) inherit nothing: the filter is synchronised to all threads.
 * @see man 2 seccomp, SECCOMP_FILTER_FLAG_TSYNC */
export function confine(): Confinement {
  const c = libc();
  c.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0)
    return { seccomp: false, reason: "no_new_privs was refused" };
  const architecture = process.arch;
  if (architecture !== "x64" && architecture !== "arm64")
    return { seccomp: false, reason: `no filter for ${architecture}` };
  return installFilter(architecture);
}

function installFilter(architecture: Architecture): Confinement {
  const program = seccompFilter(architecture, process.pid);
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const header = new DataView(new ArrayBuffer(16));
  header.setUint16(0, program.length / 8, true);
  header.setBigUint64(8, BigInt(ptr(program)), true);
  const result = libc().syscall(
    seccompNumber[architecture],
    SECCOMP_SET_MODE_FILTER,
    SECCOMP_FILTER_FLAG_TSYNC,
    ptr(new Uint8Array(header.buffer)),
  );
  if (result === 0n) return { seccomp: true, reason: undefined };
  return { seccomp: false, reason: "this kernel refuses seccomp filters" };
}
