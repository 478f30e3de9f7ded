// Starts a child of this same program, confined before exec: address space, no core dumps, a fixed environment, an empty folder.
import { ptr } from "bun:ffi";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import type { Child, ChildExit, ChildOptions, ChildSpawner } from "../contract/process.ts";
import type { ChildCgroups } from "./child-cgroup.ts";
import { libc } from "./libc.ts";
import { createSharedMemory, type SharedMemory } from "./shared-memory.ts";

/** The descriptors that a child inherits beside stdin, stdout and stderr. */
export const socketFd = 3;
export const memoryFd = 4;

/** How this program is started again. `command` is the executable with what must come before the hidden argument;
 * `capAddressSpace` is off under an emulator, whose own address space is not ours to cap. */
export interface SelfCommand {
  readonly command: readonly string[];
  readonly capAddressSpace: boolean;
}

/** Without a small reservation the JIT switches itself off under an address-space limit. Fast memories reserve 4 GiB each,
 * which the limit refuses: unless they are off, the engine collects garbage and tries again at each instance (1 to 3 ms). With the
 * environment fixed, nothing of the operator's (`BUN_BE_BUN`, `LD_PRELOAD`, secrets) reaches a child. */
const environment = {
  BUN_JSC_jitMemoryReservationSize: "67108864",
  BUN_JSC_useWasmFastMemory: "0",
  LANG: "C.UTF-8",
};

/** The limits are set by the shell between fork and exec, since Bun has no hook there; it joins the child's cgroup first (or writes
 * to /dev/null where there is none), so that all it ever uses is counted. The hard limit is the cap. The soft
 * one is lower while the engine starts, because it reserves half of whatever it finds; `openChildHost` lifts it. */
const joined = 'echo 0 > "$1" || exit 126; ulimit -c 0';
const limited = `${joined}; ulimit -Sv "$3" && ulimit -Hv "$2" || exit 126; shift 3; exec "$@"`;
const unlimited = `${joined}; shift 3; exec "$@"`;

/** Measured: the engine needs 445 to 571 MiB of address space to start, and from 1 GiB on it takes what it gets. */
const startingBytes = 700 * 1024 * 1024;

const lastWordsBytes = 4096;

/** Each child gets a cgroup of its own where `cgroups` has any to give. */
export function createChildSpawner(self: SelfCommand, cgroups?: ChildCgroups): ChildSpawner {
  return { spawn: (options) => spawnChild(self, options, cgroups) };
}

function spawnChild(self: SelfCommand, options: ChildOptions, cgroups: ChildCgroups | undefined): Child {
  const memory = createSharedMemory(options.sharedBytes);
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-"));
  const script = self.capAddressSpace ? limited : unlimited;
  const hard = Math.ceil(options.addressSpaceBytes / 1024);
  const soft = Math.min(hard, startingBytes / 1024);
  const own = [...self.command, `__${options.role}`, String(options.sharedBytes)];
  const memoryBytes = options.memoryBytes ?? options.addressSpaceBytes;
  const cgroup = cgroups?.open(memoryBytes);
  const joinFile = cgroup?.joinFile ?? "/dev/null";
  let subprocess: Bun.Subprocess<"ignore", "ignore", "pipe">;
  try {
    subprocess = Bun.spawn({
      cmd: ["/bin/sh", "-c", script, "sh", joinFile, String(hard), String(soft), ...own],
      cwd: folder,
      env: environment,
      // In a session of its own: Ctrl-C and Ctrl-Z of a terminal reach its whole process group, and are ours to handle.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "socket-fd", memory.fd],
    });
  } catch (cause) {
    memory.release();
    cgroup?.close();
    rmSync(folder, { recursive: true, force: true });
    throw new RemoteMediaError("sandbox-failed", "a sandbox child can't be started", {
      cause,
      hint: "is there a /bin/sh?",
    });
  }
  const leaveCgroup = () => (cgroup?.close().isOutOfMemory ? { exceededMemoryBytes: memoryBytes } : {});
  return attach(subprocess, memory, folder, leaveCgroup);
}

function attach(
  subprocess: Bun.Subprocess<"ignore", "ignore", "pipe">,
  memory: SharedMemory,
  folder: string,
  leaveCgroup: () => Pick<ChildExit, "exceededMemoryBytes">,
): Child {
  const descriptor = subprocess.stdio[3];
  if (typeof descriptor !== "number") throw new RemoteMediaError("internal", "the child's socket is missing");
  const c = libc();
  const byte = new Uint8Array(1);
  const bytePointer = ptr(byte);
  let listener = () => {};
  let open = true;
  let hasFolder = true;
  /** A child that has spoken is running and needs its folder's name no longer: a parent that is killed then leaves nothing. */
  const removeFolder = () => {
    if (!hasFolder) return;
    hasFolder = false;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // An empty folder that stays is not worth an exception in the event loop.
    }
  };
  const onData = () => {
    removeFolder();
    listener();
  };
  const closed = Promise.withResolvers<void>();
  const onClosed = () => {
    open = false;
    closed.resolve();
  };
  void Bun.connect({
    fd: descriptor,
    socket: { data: onData, close: onClosed, error: onClosed, end: onClosed },
  } as unknown as Bun.UnixSocketOptions<undefined>).catch(onClosed);
  const lastWords = collectLastWords(subprocess.stderr);
  const exited = (async (): Promise<ChildExit> => {
    await subprocess.exited;
    await closed.promise;
    removeFolder();
    listener();
    return {
      signal: subprocess.signalCode === null ? undefined : String(subprocess.signalCode),
      exitCode: subprocess.exitCode ?? undefined,
      lastWords: await lastWords,
      ...leaveCgroup(),
    };
  })();
  return {
    pid: subprocess.pid,
    shared: memory.buffer,
    wake: () => {
      if (open) c.write(descriptor, bytePointer, 1);
    },
    onWake: (next) => {
      listener = next;
    },
    exited,
    kill: () => subprocess.kill("SIGKILL"),
    release: () => memory.release(),
  };
}

async function collectLastWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  let tail = new Uint8Array();
  for await (const chunk of stream) {
    const joined = new Uint8Array(tail.length + chunk.length);
    joined.set(tail);
    joined.set(chunk, tail.length);
    tail = joined.slice(-lastWordsBytes);
  }
  // The text is attacker-controlled: a guest that takes over its child writes here.
  return new TextDecoder()
    .decode(tail)
    .replaceAll(/[^\P{C}\n\t]/gu, "")
    .trim();
}
