// What the seccomp filter decides, call by call, on both architectures: an interpreter runs it, no kernel is asked.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Architecture, seccompFilter } from "../../../platform/process/seccomp-filter.ts";
import { interpretFilter } from "./bpf.ts";

const pid = 4242;
const audit = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const decision = { allow: 0x7fff0000, kill: 0x80000000, eperm: 0x00050001, enosys: 0x00050026 } as const;

/** Numbers out of the kernel's tables, by hand and apart from the filter's own: x86_64's syscall_64.tbl, and
 * asm-generic/unistd.h for aarch64. */
const free: Record<Architecture, readonly number[]> = {
  // biome-ignore format: a row a group
  x64: [
    0, 1, 19, 20, 3, 5, 8, // read write readv writev close fstat lseek
    7, 271, 232, 281, 441, 233, // poll ppoll epoll_wait epoll_pwait epoll_pwait2 epoll_ctl
    9, 10, 11, 25, 28, 12, 324, // mmap mprotect munmap mremap madvise brk membarrier
    202, 449, 273, 334, // futex futex_waitv set_robust_list rseq
    13, 14, 15, 130, 131, 219, // rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend sigaltstack restart_syscall
    24, 204, 35, 228, 229, 230, 96, 38, // sched_yield sched_getaffinity nanosleep clock_* gettimeofday setitimer
    39, 186, 110, 318, 98, 99, 60, 231, // getpid gettid getppid getrandom getrusage sysinfo exit exit_group
  ],
  // biome-ignore format: a row a group
  arm64: [
    63, 64, 65, 66, 57, 80, 62,
    73, 22, 441, 21,
    222, 226, 215, 216, 233, 214, 283,
    98, 449, 99, 293,
    134, 135, 139, 133, 132, 128,
    124, 123, 101, 113, 114, 115, 169, 103,
    172, 178, 173, 278, 165, 179, 93, 94,
  ],
};
const special = {
  x64: { clone: 56, clone3: 435, tgkill: 234 },
  arm64: { clone: 220, clone3: 435, tgkill: 131 },
} as const;

/** Calls that must never get through, whatever else changes. */
const forbidden: Record<Architecture, Readonly<Record<string, number>>> = {
  // biome-ignore format: a row a group
  x64: {
    open: 2, openat: 257, openat2: 437, creat: 85, memfd_create: 319, ftruncate: 77, unlink: 87, rename: 82,
    socket: 41, connect: 42, sendto: 44, sendmsg: 46, bind: 49, listen: 50, accept: 43, socketpair: 53,
    fork: 57, vfork: 58, execve: 59, execveat: 322, kill: 62, tkill: 200, rt_sigqueueinfo: 129, pidfd_open: 434,
    ptrace: 101, process_vm_readv: 310, process_vm_writev: 311, prctl: 157, seccomp: 317, bpf: 321, io_uring_setup: 425,
    userfaultfd: 323, perf_event_open: 298, keyctl: 250, mount: 165, unshare: 272, setns: 308, chroot: 161, setuid: 105,
    ioctl: 16, fcntl: 72, dup2: 33, setrlimit: 160, prlimit64: 302, shmget: 29, mq_open: 240, timer_create: 222,
    personality: 135, modify_ldt: 154, arch_prctl: 158, reboot: 169, pkey_mprotect: 329, memfd_secret: 447,
  },
  // biome-ignore format: a row a group
  arm64: {
    openat: 56, openat2: 437, memfd_create: 279, ftruncate: 46, unlinkat: 35, renameat: 38,
    socket: 198, connect: 203, sendto: 206, sendmsg: 211, bind: 200, listen: 201, accept: 202, socketpair: 199,
    execve: 221, execveat: 281, kill: 129, tkill: 130, rt_sigqueueinfo: 138, pidfd_open: 434,
    ptrace: 117, process_vm_readv: 270, process_vm_writev: 271, prctl: 167, seccomp: 277, bpf: 280, io_uring_setup: 425,
    userfaultfd: 282, perf_event_open: 241, keyctl: 219, mount: 40, unshare: 97, setns: 268, chroot: 51, setuid: 146,
    ioctl: 29, fcntl: 25, dup3: 24, setrlimit: 164, prlimit64: 261, shmget: 194, mq_open: 180, timer_create: 107,
    personality: 92, reboot: 142, pkey_mprotect: 288, memfd_secret: 447,
  },
};

describe.each(["x64", "arm64"] as const)("the filter for %s", (architecture) => {
  const program = seccompFilter(architecture, pid);
  const { clone, clone3, tgkill } = special[architecture];
  const decide = (number: number, ...parameters: bigint[]) =>
    interpretFilter(program, { number, architecture: audit[architecture], parameters });

  it("is, byte by byte, the one that was looked at", () => {
    const lines = readFileSync(new URL(`golden/seccomp-${architecture}.hex`, import.meta.url), "utf8");
    const hex = program.toHex().replaceAll(/.{16}/g, "$&\n");
    expect(hex).toBe(lines);
  });

  it("is within what the kernel takes", () => {
    expect(program.length / 8).toBeLessThanOrEqual(4096);
  });

  it("allows exactly the calls of the table, of all from 0 to 600", () => {
    for (let number = 0; number <= 600; number++) {
      const special = number === clone || number === tgkill;
      const expected =
        number === clone3
          ? decision.enosys
          : free[architecture].includes(number)
            ? decision.allow
            : decision.eperm;
      // Without parameters: a clone that makes a process, a signal to process 0.
      expect([number, decide(number)]).toEqual([number, special ? decision.eperm : expected]);
    }
  });

  it.each(Object.entries(forbidden[architecture]))("refuses %s (%i)", (_name, number) => {
    expect(decide(number, 0xffffffffffffffffn, 0n)).toBe(decision.eperm);
  });

  it("lets clone make threads of this process only", () => {
    const thread = 0x00010100n;
    // What glibc and musl ask for: VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID, CHILD_CLEARTID.
    expect(decide(clone, 0x003d0f00n)).toBe(decision.allow);
    expect(decide(clone, 0x007d0f00n)).toBe(decision.allow);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), (flags) => {
        const isThread = (flags & thread) === thread;
        expect(decide(clone, flags)).toBe(isThread ? decision.allow : decision.eperm);
      }),
    );
  });

  it("lets tgkill reach this process only", () => {
    expect(decide(tgkill, BigInt(pid), 4243n, 10n)).toBe(decision.allow);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xffffffffn }), (target) => {
        expect(decide(tgkill, target, 1n, 9n)).toBe(target === BigInt(pid) ? decision.allow : decision.eperm);
      }),
    );
    // pid -1 is every process there is.
    expect(decide(tgkill, 0xffffffffffffffffn)).toBe(decision.eperm);
  });

  it("kills the process that calls as another architecture", () => {
    // i386, arm, riscv64, and each other.
    for (const other of [
      0x40000003,
      0x40000028,
      0xc00000f3,
      audit[architecture === "x64" ? "arm64" : "x64"],
    ]) {
      for (const number of [0, 1, 3, 9, 60, 63, 222]) {
        expect(interpretFilter(program, { number, architecture: other })).toBe(decision.kill);
      }
    }
  });

  it("decides every number there can be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 601, max: 0x3fffffff }), (number) => {
        expect(decide(number)).toBe(decision.eperm);
      }),
    );
  });
});

it("x32 calls, which are x86_64 calls with a bit set, kill the process", () => {
  const program = seccompFilter("x64", pid);
  fc.assert(
    fc.property(fc.integer({ min: 0x40000000, max: 0xffffffff }), (number) => {
      expect(interpretFilter(program, { number, architecture: audit.x64 })).toBe(decision.kill);
    }),
  );
});

it("the process that tgkill may reach is the one that was given", () => {
  for (const own of [1, 65_536, 4_194_304]) {
    const program = seccompFilter("x64", own);
    const reach = (target: number) =>
      interpretFilter(program, {
        number: special.x64.tgkill,
        architecture: audit.x64,
        parameters: [BigInt(target)],
      });
    expect([reach(own), reach(own + 1)]).toEqual([decision.allow, decision.eperm]);
  }
});
