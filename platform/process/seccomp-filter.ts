// The seccomp filter of a sandbox child as a BPF program: an allow-list, everything else is refused with EPERM.

export type Architecture = "x64" | "arm64";

/** System calls that a running Bun needs for memory, its own threads, time, and file descriptors that are already open.
 * Numbers: x86_64 from arch/x86/entry/syscalls/syscall_64.tbl, aarch64 from include/uapi/asm-generic/unistd.h;
 * undefined where the architecture has no such call. */
const allowed: Record<string, readonly [x64: number | undefined, arm64: number | undefined]> = {
  read: [0, 63],
  write: [1, 64],
  readv: [19, 65],
  writev: [20, 66],
  close: [3, 57],
  fstat: [5, 80],
  lseek: [8, 62],
  poll: [7, undefined],
  ppoll: [271, 73],
  epoll_wait: [232, undefined],
  epoll_pwait: [281, 22],
  epoll_pwait2: [441, 441],
  epoll_ctl: [233, 21],
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  mremap: [25, 216],
  madvise: [28, 233],
  brk: [12, 214],
  membarrier: [324, 283],
  futex: [202, 98],
  futex_waitv: [449, 449],
  set_robust_list: [273, 99],
  rseq: [334, 293],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  // A thread that the garbage collector stops waits in it; refused, it would turn round and round instead.
  rt_sigsuspend: [130, 133],
  sigaltstack: [131, 132],
  restart_syscall: [219, 128],
  sched_yield: [24, 124],
  sched_getaffinity: [204, 123],
  nanosleep: [35, 101],
  clock_gettime: [228, 113],
  clock_getres: [229, 114],
  clock_nanosleep: [230, 115],
  gettimeofday: [96, 169],
  setitimer: [38, 103],
  getpid: [39, 172],
  gettid: [186, 178],
  getppid: [110, 173],
  getrandom: [318, 278],
  getrusage: [98, 165],
  sysinfo: [99, 179],
  exit: [60, 93],
  exit_group: [231, 94],
};

/** clone is allowed for threads of this process only; clone3 hides its flags from a filter and is answered with ENOSYS,
 * upon which the C library falls back to clone. */
const clone = { x64: 56, arm64: 220 } as const;
const clone3 = 435;
/** tgkill may only reach this process: the JavaScript engine stops its own threads by signals. */
const tgkill = { x64: 234, arm64: 131 } as const;
const auditArch = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
const CLONE_VM_AND_THREAD = 0x00010100;
const X32_BIT = 0x40000000;

const RET_ALLOW = 0x7fff0000;
const RET_KILL_PROCESS = 0x80000000;
const RET_ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

/** Offsets in `struct seccomp_data`. */
const NR = 0;
const ARCH = 4;
const ARG0 = 16;

const LOAD = 0x20;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/** The program as the kernel takes it: 8 bytes an instruction, little-endian (both architectures are).
 * `pid` is the process that tgkill may signal.
 * @see https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html */
export function seccompFilter(architecture: Architecture, pid: number): Uint8Array {
  const allow: Instruction = [RETURN, 0, 0, RET_ALLOW];
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCH],
    [JUMP_EQUAL, 1, 0, auditArch[architecture]],
    [RETURN, 0, 0, RET_KILL_PROCESS],
    [LOAD, 0, 0, NR],
  ];
  if (architecture === "x64") program.push([JUMP_AT_LEAST, 0, 1, X32_BIT], [RETURN, 0, 0, RET_KILL_PROCESS]);
  const column = architecture === "x64" ? 0 : 1;
  for (const numbers of Object.values(allowed)) {
    const number = numbers[column];
    if (number !== undefined) program.push([JUMP_EQUAL, 0, 1, number], allow);
  }
  program.push([JUMP_EQUAL, 0, 1, clone3], [RETURN, 0, 0, RET_ERRNO | ENOSYS]);
  program.push(
    [JUMP_EQUAL, 0, 4, clone[architecture]],
    [LOAD, 0, 0, ARG0],
    [AND, 0, 0, CLONE_VM_AND_THREAD],
    [JUMP_EQUAL, 0, 4, CLONE_VM_AND_THREAD],
    allow,
    [JUMP_EQUAL, 0, 2, tgkill[architecture]],
    [LOAD, 0, 0, ARG0],
    [JUMP_EQUAL, 1, 0, pid],
    [RETURN, 0, 0, RET_ERRNO | EPERM],
    allow,
  );
  return assemble(program);
}

function assemble(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, jumpTrue);
    bytes.setUint8(index * 8 + 3, jumpFalse);
    bytes.setUint32(index * 8 + 4, k >>> 0, true);
  });
  return new Uint8Array(bytes.buffer);
}
