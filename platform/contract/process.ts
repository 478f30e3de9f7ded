// The process contract: children of this same program that run what isn't trusted, and the memory shared with them.

/** What a child is started for; it is the hidden first argument of the program. */
export type ChildRole = "sandbox" | "transpiler";

export interface ChildOptions {
  readonly role: ChildRole;
  /** Size of the memory that parent and child share, in bytes; a multiple of the page size. Untouched pages cost nothing. */
  readonly sharedBytes: number;
  /** Cap of the child's address space in bytes, set before exec, the shared memory included. */
  readonly addressSpaceBytes: number;
  /** Memory that the child may really use, in bytes, the shared memory included; held where the machine has a cgroup for it.
   * Default: `addressSpaceBytes`. */
  readonly memoryBytes?: number;
}

/** How a child ended: a signal's name, or an exit code. */
export interface ChildExit {
  readonly signal: string | undefined;
  readonly exitCode: number | undefined;
  /** The end of what it wrote to stderr, at most 4 KiB, control characters removed. */
  readonly lastWords: string;
  /** Set when the kernel killed it because it used more memory than this, in bytes. */
  readonly exceededMemoryBytes?: number;
}

/** The parent's end of a child. Its callbacks come from the event loop, one at a time. */
export interface Child {
  readonly pid: number;
  readonly shared: ArrayBuffer;
  /** Wakes the child's `wait`. Cheap, never blocks; wakes that nobody waits for add up to at most one. */
  wake(): void;
  /** Called when the child has called `wakeParent` since the last time. */
  onWake(listener: () => void): void;
  /** Resolves once, when the child is gone and reaped and its last wake was delivered. */
  readonly exited: Promise<ChildExit>;
  /** SIGKILL; idempotent. */
  kill(): void;
  /** Gives the shared memory back, after `exited`; no view of `shared` may be touched afterwards. */
  release(): void;
}

export interface ChildSpawner {
  spawn(options: ChildOptions): Child;
}

/** What the confinement of a child reached. */
export interface Confinement {
  readonly seccomp: boolean;
  /** Why not, where it isn't. */
  readonly reason: string | undefined;
}

/** The child's end: what a sandbox child may do with the machine, and nothing more. */
export interface ChildHost {
  readonly shared: ArrayBuffer;
  /** Blocks the thread until the parent wakes it. Returns false when the parent is gone. */
  wait(): boolean;
  wakeParent(): void;
  /** Kills this process after `ms` of wall clock unless `disarmTimer` comes first, whatever the thread is doing. */
  armTimer(ms: number): void;
  disarmTimer(): void;
  /** Death with the parent, no new privileges, no opening of files, no network, no processes. One way. */
  confine(): Confinement;
}
