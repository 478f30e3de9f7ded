// FakeChildSpawner: children that are functions in this process, for tests of whatever starts children.
import type { Child, ChildExit, ChildOptions, ChildSpawner } from "../contract/process.ts";

/** The child's end of a fake child. It is called back from the microtask queue, one call at a time. */
export interface FakeChildEnd {
  readonly options: ChildOptions;
  readonly shared: ArrayBuffer;
  onWake(listener: () => void): void;
  wakeParent(): void;
  /** Ends the child; default exit code 0. */
  exit(exit?: Partial<ChildExit>): void;
}

/** What a fake child does when it is started. */
export type FakeProgram = (child: FakeChildEnd) => void;

/** A started child, and what has become of it. */
export interface FakeChild extends Child {
  readonly options: ChildOptions;
  readonly isRunning: boolean;
  readonly isReleased: boolean;
  /** The child's end, for a test that acts for it later. */
  readonly end: FakeChildEnd;
}

export class FakeChildSpawner implements ChildSpawner {
  /** All that were ever started. */
  readonly children: FakeChild[] = [];
  readonly #program: FakeProgram;

  constructor(program: FakeProgram) {
    this.#program = program;
  }

  spawn(options: ChildOptions): FakeChild {
    const child = startFake(options, this.#program);
    this.children.push(child);
    return child;
  }
}

let lastPid = 0;

function startFake(options: ChildOptions, program: FakeProgram): FakeChild {
  lastPid += 1;
  const pid = lastPid;
  const shared = new ArrayBuffer(options.sharedBytes);
  const exited = Promise.withResolvers<ChildExit>();
  const toParent = new Wakes();
  const toChild = new Wakes();
  let isRunning = true;
  let isReleased = false;
  const end: FakeChildEnd = {
    options,
    shared,
    onWake: (listener) => toChild.listen(listener),
    wakeParent: () => {
      if (isRunning) toParent.wake();
    },
    exit: (exit = {}) => {
      if (!isRunning) return;
      isRunning = false;
      toChild.listen(() => {});
      // The last wake comes before the end.
      queueMicrotask(() => {
        toParent.deliver();
        exited.resolve({
          signal: undefined,
          exitCode: exit.signal === undefined ? 0 : undefined,
          lastWords: "",
          ...exit,
        });
      });
    },
  };
  queueMicrotask(() => {
    if (isRunning) program(end);
  });
  return {
    pid,
    options,
    shared,
    end,
    get isRunning() {
      return isRunning;
    },
    get isReleased() {
      return isReleased;
    },
    wake: () => {
      if (isRunning) toChild.wake();
    },
    onWake: (listener) => toParent.listen(listener),
    exited: exited.promise,
    kill: () => end.exit({ signal: "SIGKILL" }),
    release: () => {
      isReleased = true;
    },
  };
}

/** Wakes in one direction: those that nobody has looked at yet add up to one. */
class Wakes {
  #listener = () => {};
  #isPending = false;

  listen(listener: () => void): void {
    this.#listener = listener;
  }

  wake(): void {
    if (this.#isPending) return;
    this.#isPending = true;
    queueMicrotask(() => this.deliver());
  }

  deliver(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#listener();
  }
}
