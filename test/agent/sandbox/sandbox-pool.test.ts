// The pool of spare children, over fake ones.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RecordReader, RecordWriter } from "../../../agent/sandbox/record-ring.ts";
import { toChild, toParent } from "../../../agent/sandbox/records.ts";
import { SandboxPool, type SandboxPoolOptions } from "../../../agent/sandbox/sandbox-pool.ts";
import { layoutOf, sharedBytesFor } from "../../../agent/sandbox/shared-layout.ts";
import type { Confinement } from "../../../platform/contract/process.ts";
import {
  type FakeChildEnd,
  FakeChildSpawner,
  type FakeProgram,
} from "../../../platform/fake/child-spawner.ts";

/** Small: an arena of 1 MiB each way. */
const small = { sharedBytes: sharedBytesFor() - 2 * 65 * 1024 * 1024, addressSpaceBytes: 1 };
const large = { ...small, addressSpaceBytes: 2 };

function say(child: FakeChildEnd, text: string): void {
  const writer = new RecordWriter(layoutOf(child.shared).toParent);
  const bytes = new TextEncoder().encode(text);
  const room = writer.reserve(bytes.length)!;
  writer.arena.set(bytes, room.offset);
  writer.commit(toParent.ready, 0, room);
  child.wakeParent();
}

const becomeReady: FakeProgram = (child) => say(child, '{"seccomp":true}');

describe("the pool", () => {
  const pools: SandboxPool[] = [];
  const open = (program: FakeProgram = becomeReady, options: Partial<SandboxPoolOptions> = {}) => {
    const spawner = new FakeChildSpawner(program);
    const pool = new SandboxPool({ spawner, ...options });
    pools.push(pool);
    return { pool, children: spawner.children };
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.close();
    vi.useRealTimers();
  });

  it("starts a child when it has none, and a spare of its size a little later", async () => {
    const { pool, children } = open();
    const first = await pool.take(small);
    expect(children.map(({ options }) => options)).toEqual([{ role: "sandbox", ...small }]);
    await vi.advanceTimersByTimeAsync(49);
    expect(children).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(children).toHaveLength(2);
    const second = await pool.take(small);
    expect(second.child).toBe(children[1]);
    expect(second.child).not.toBe(first.child);
    expect(children).toHaveLength(2);
  });

  it("hands each spare out once, and keeps as many as it is told", async () => {
    const { pool, children } = open(becomeReady, { spares: 2 });
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    expect(children).toHaveLength(3);
    const taken = [await pool.take(small), await pool.take(small), await pool.take(small)].map(
      ({ child }) => child,
    );
    expect(taken).toEqual([children[1], children[2], children[3]]);
    await vi.advanceTimersByTimeAsync(50);
    expect(children).toHaveLength(6);
  });

  it("keeps no spares when it is told so", async () => {
    const { pool, children } = open(becomeReady, { spares: 0 });
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(1000);
    expect(children).toHaveLength(1);
  });

  it("keeps sizes apart", async () => {
    const { pool, children } = open();
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    const other = await pool.take(large);
    expect(other.child).toBe(children[2]);
    expect(children[2]!.options.addressSpaceBytes).toBe(large.addressSpaceBytes);
  });

  it("does not hand out a spare that ended while it waited, and gives its memory back", async () => {
    const { pool, children } = open();
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    children[1]!.end.exit({ signal: "SIGKILL" });
    await vi.advanceTimersByTimeAsync(0);
    expect(children[1]!.isReleased).toBe(true);
    expect((await pool.take(small)).child).toBe(children[2]);
  });

  it("starts another child when the spare never became ready", async () => {
    let started = 0;
    const { pool, children } = open((child) => {
      if (++started === 2) child.exit({ exitCode: 126, lastWords: "sh: ulimit" });
      else becomeReady(child);
    });
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    expect((await pool.take(small)).child).toBe(children[2]);
    expect(children[1]!.isReleased).toBe(true);
  });

  it("says how a child ended that was never ready", async () => {
    const { pool, children } = open((child) =>
      child.exit({ exitCode: 1, lastWords: "noise\nerror: no memory\nmore" }),
    );
    await expect(pool.take(small)).rejects.toMatchObject({
      code: "sandbox-failed",
      message: "a sandbox child ended before it was ready: exit code 1: error: no memory",
    });
    expect(children[0]!.isReleased).toBe(true);
  });

  it("kills a child that isn't ready within half a minute", async () => {
    const { pool, children } = open(() => {});
    const taken = expect(pool.take(small)).rejects.toMatchObject({ code: "sandbox-failed" });
    await vi.advanceTimersByTimeAsync(29_999);
    expect(children[0]!.isRunning).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(children[0]!.isRunning).toBe(false);
    await taken;
  });

  it.each(["{]", "{}", '{"seccomp":1}', "[]", '{"seccomp":true,"more":1}'])(
    "refuses a child that says %s",
    async (text) => {
      const { pool, children } = open((child) => say(child, text));
      await expect(pool.take(small)).rejects.toMatchObject({ code: "sandbox-failed" });
      expect([children[0]!.isRunning, children[0]!.isReleased]).toEqual([false, true]);
    },
  );

  it("tells once that children are confined weakly", async () => {
    const told: Confinement[] = [];
    const { pool } = open((child) => say(child, '{"seccomp":false,"reason":"an old kernel"}'), {
      onWeak: (confinement) => void told.push(confinement),
    });
    await pool.take(small);
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    expect(told).toEqual([{ seccomp: false, reason: "an old kernel" }]);
  });

  it("lets a spare rehearse, and not the child that is wanted at once", async () => {
    const { pool, children } = open(becomeReady, { rehearsal: { nodes: [], modules: [] } });
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    const first = (index: number) => new RecordReader(layoutOf(children[index]!.shared).toChild).peek()?.type;
    expect([first(0), first(1)]).toEqual([undefined, toChild.rehearse]);
  });

  it("can be closed at once while a child hangs that is not ready yet", async () => {
    const { pool, children } = open(() => {});
    const taken = expect(pool.take(small)).rejects.toMatchObject({ code: "sandbox-failed" });
    await vi.advanceTimersByTimeAsync(50);
    expect(children).toHaveLength(2);
    await pool.close();
    await taken;
    expect(children.map(({ isRunning, isReleased }) => [isRunning, isReleased])).toEqual([
      [false, true],
      [false, true],
    ]);
  });

  it("ends and releases its spares when it is closed, those that are still starting too, and starts no more", async () => {
    const { pool, children } = open();
    await pool.take(small);
    await vi.advanceTimersByTimeAsync(50);
    const last = await pool.take(small);
    vi.advanceTimersByTime(50);
    await pool.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(children).toHaveLength(3);
    expect([children[2]!.isRunning, children[2]!.isReleased]).toEqual([false, true]);
    // What was handed out is its taker's.
    expect([last.child === children[1], children[1]!.isRunning]).toEqual([true, true]);
    await expect(pool.take(small)).rejects.toMatchObject({ message: "the sandbox pool is closed" });
  });
});
