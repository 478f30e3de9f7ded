// Sandbox children that are started ahead of need, so that a stage opens and recovers without waiting for a process.
import { z } from "zod";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type {
  Child,
  ChildExit,
  ChildOptions,
  ChildRole,
  ChildSpawner,
  Confinement,
} from "../../platform/contract/process.ts";
import { type BlobJson, encodeBlobJson, writeBlobJson } from "./blob-json.ts";
import { RecordReader, RecordWriter } from "./record-ring.ts";
import { toChild, toParent } from "./records.ts";
import { control, layoutOf, type SharedLayout } from "./shared-layout.ts";
import type { StageSpec } from "./stage-spec.ts";

/** What a child must be able to hold. Children of the same size are interchangeable. */
export interface SandboxSize {
  readonly sharedBytes: number;
  readonly addressSpaceBytes: number;
  /** See ChildOptions. */
  readonly memoryBytes?: number;
}

/** A child that is confined and waits for its stage. */
export interface SandboxChild {
  readonly child: Child;
  readonly layout: SharedLayout;
  readonly inbox: RecordReader;
  readonly outbox: RecordWriter;
  readonly confinement: Confinement;
}

export interface SandboxPoolOptions {
  readonly spawner: ChildSpawner;
  /** Spare children kept of each size in use; default 1. */
  readonly spares?: number;
  /** How long after a child was taken its spare is started, in milliseconds; default 50. A run's first frames go first. */
  readonly refillMs?: number;
  /** A stage of trusted nodes that each spare runs while it waits: its first real one then opens in a third of the time. */
  readonly rehearsal?: StageSpec;
  /** Told once when children can't be confined as they should. */
  readonly onWeak?: (confinement: Confinement) => void;
}

const confinementSchema = z
  .strictObject({ seccomp: z.boolean(), reason: z.string().max(200).optional() })
  .transform(({ seccomp, reason }): Confinement => ({ seccomp, reason }));

/** A child that isn't ready by then never will be. */
const readyMs = 30_000;

/** @see firmware-notes/decisions/ for what a child may do */
export class SandboxPool implements AsyncDisposable {
  readonly #options: SandboxPoolOptions;
  readonly #spares = new Map<string, Promise<SandboxChild>[]>();
  readonly #refills = new Set<ReturnType<typeof setTimeout>>();
  readonly #rehearsal: BlobJson | undefined;
  /** Children that aren't ready yet. */
  readonly #starting = new Set<Child>();
  #warned = false;
  #closed = false;

  constructor(options: SandboxPoolOptions) {
    this.#options = options;
    this.#rehearsal = options.rehearsal && encodeBlobJson(options.rehearsal);
  }

  /** A ready child, from the spares or fresh. The caller kills it and releases its memory. */
  async take(size: SandboxSize): Promise<SandboxChild> {
    if (this.#closed) throw new RemoteMediaError("internal", "the sandbox pool is closed");
    const key = `${size.sharedBytes}/${size.addressSpaceBytes}/${size.memoryBytes}`;
    const spare = this.#spares.get(key)?.shift();
    this.#refillLater(key, size);
    const ready = await spare?.catch(() => undefined);
    return ready ?? this.#start(size);
  }

  #refillLater(key: string, size: SandboxSize): void {
    const timer = setTimeout(() => {
      this.#refills.delete(timer);
      const spares = this.#spares.get(key) ?? [];
      this.#spares.set(key, spares);
      while (spares.length < (this.#options.spares ?? 1)) {
        const spare = this.#start(size).then((ready) => this.#rehearse(ready));
        spares.push(spare);
        spare.then(
          ({ child }) => void child.exited.then(() => this.#forget(spares, spare, child)),
          () => this.#forget(spares, spare),
        );
      }
    }, this.#options.refillMs ?? 50);
    this.#refills.add(timer);
  }

  #rehearse(ready: SandboxChild): SandboxChild {
    const { child, outbox, layout } = ready;
    const room = this.#rehearsal && outbox.reserve(this.#rehearsal.bytes);
    if (this.#rehearsal === undefined || room === undefined) return ready;
    writeBlobJson(this.#rehearsal, outbox.arena, room.offset);
    outbox.commit(toChild.rehearse, 0, room);
    if (Atomics.exchange(layout.control, control.childWakePending, 1) === 0) child.wake();
    return ready;
  }

  /** A spare that ended while it waited is not handed out. */
  #forget(spares: Promise<SandboxChild>[], spare: Promise<SandboxChild>, child?: Child): void {
    const index = spares.indexOf(spare);
    if (index < 0) return;
    spares.splice(index, 1);
    child?.release();
  }

  async #start(size: SandboxSize): Promise<SandboxChild> {
    const ready = await this.#startChild(size);
    if (!ready.confinement.seccomp && !this.#warned) {
      this.#warned = true;
      this.#options.onWeak?.(ready.confinement);
    }
    return ready;
  }

  async #startChild(size: SandboxSize): Promise<SandboxChild> {
    let started: Child | undefined;
    const spawn = (options: ChildOptions): Child => {
      started = this.#options.spawner.spawn(options);
      this.#starting.add(started);
      return started;
    };
    try {
      return await startChild({ spawn }, "sandbox", size);
    } finally {
      if (started !== undefined) this.#starting.delete(started);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#refills) clearTimeout(timer);
    for (const child of this.#starting) child.kill();
    const spares = [...this.#spares.values()].flat();
    this.#spares.clear();
    await Promise.all(
      spares.map((spare) =>
        spare.then(
          (ready) => discard(ready.child),
          () => {},
        ),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Starts a child and waits until it is confined. @throws RemoteMediaError `sandbox-failed` */
export async function startChild(
  spawner: ChildSpawner,
  role: ChildRole,
  size: SandboxSize,
): Promise<SandboxChild> {
  const child = spawner.spawn({ role, ...size });
  try {
    return await becomeReady(child);
  } catch (thrown) {
    await discard(child);
    throw thrown;
  }
}

/** Ends a child and gives its memory back. */
export async function discard(child: Child): Promise<ChildExit> {
  child.onWake(() => {});
  child.kill();
  const exit = await child.exited;
  child.release();
  return exit;
}

async function becomeReady(child: Child): Promise<SandboxChild> {
  const layout = layoutOf(child.shared);
  const inbox = new RecordReader(layout.toParent);
  const told = Promise.withResolvers<Confinement>();
  const timer = setTimeout(() => child.kill(), readyMs);
  child.onWake(() => {
    Atomics.store(layout.control, control.parentWakePending, 0);
    try {
      const record = inbox.peek();
      if (record?.type !== toParent.ready) return;
      const text = new TextDecoder().decode(inbox.arena.slice(record.offset, record.offset + record.bytes));
      inbox.release();
      told.resolve(confinementSchema.parse(JSON.parse(text)));
    } catch (cause) {
      told.reject(
        new RemoteMediaError("sandbox-failed", "a sandbox child broke the protocol at its start", { cause }),
      );
    }
  });
  void child.exited.then((exit) => {
    told.reject(
      new RemoteMediaError(
        "sandbox-failed",
        `a sandbox child ended before it was ready: ${describeExit(exit)}`,
        {
          hint: "remotemedia doctor says what this machine lacks",
        },
      ),
    );
  });
  try {
    const confinement = await told.promise;
    return { child, layout, inbox, outbox: new RecordWriter(layout.toChild), confinement };
  } finally {
    clearTimeout(timer);
  }
}

/** How a child ended, for people. */
export function describeExit(exit: ChildExit): string {
  if (exit.exceededMemoryBytes !== undefined)
    return `out of memory: it used more than ${Math.floor(exit.exceededMemoryBytes / 2 ** 20)} MiB`;
  const how = exit.signal === undefined ? `exit code ${exit.exitCode}` : exit.signal;
  const lines = exit.lastWords.split("\n");
  const telling = lines.find((line) => /error|panic/i.test(line)) ?? lines.at(-1) ?? "";
  return telling === "" ? how : `${how}: ${telling.slice(0, 200)}`;
}
