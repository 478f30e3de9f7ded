// The child's end of a sandbox: shared memory, a blocking wait, the kernel's timer.
import { ptr } from "bun:ffi";
import type { ChildHost } from "../contract/process.ts";
import { confine } from "./confine.ts";
import { libc } from "./libc.ts";
import { inheritSharedMemory } from "./shared-memory.ts";
import { memoryFd, socketFd } from "./spawn-child.ts";

const ITIMER_REAL = 0;
const RLIMIT_AS = 9;

/** Takes over what the parent has left in the inherited descriptors. Everything is opened and bound here, so that
 * nothing needs a forbidden system call after `confine`. */
export function openChildHost(sharedBytes: number): ChildHost {
  const c = libc();
  liftAddressSpace();
  const shared = inheritSharedMemory(memoryFd, sharedBytes);
  // Large enough to take all wakes that have come since the last wait as one.
  const wakes = new Uint8Array(256);
  const wakesPointer = ptr(wakes);
  // struct itimerval { interval {sec, usec}; value {sec, usec} }: no interval, so the alarm comes once.
  const timer = new BigInt64Array(4);
  const timerPointer = ptr(timer);
  const off = new BigInt64Array(4);
  const offPointer = ptr(off);
  return {
    shared,
    wait: () => c.read(socketFd, wakesPointer, wakes.length) > 0n,
    wakeParent: () => void c.write(socketFd, wakesPointer, 1),
    armTimer(ms) {
      const microseconds = Math.max(1, Math.round(ms * 1000));
      timer[2] = BigInt(Math.floor(microseconds / 1_000_000));
      timer[3] = BigInt(microseconds % 1_000_000);
      c.setitimer(ITIMER_REAL, timerPointer, null);
    },
    disarmTimer: () => void c.setitimer(ITIMER_REAL, offPointer, null),
    confine,
  };
}

/** Raises the soft limit of the address space, which was low for the engine's start, to the hard one, which is the cap. */
function liftAddressSpace(): void {
  // struct rlimit { current, maximum }
  const limit = new BigUint64Array(2);
  const pointer = ptr(limit);
  if (libc().getrlimit(RLIMIT_AS, pointer) !== 0) return;
  limit[0] = limit[1]!;
  libc().setrlimit(RLIMIT_AS, pointer);
}
