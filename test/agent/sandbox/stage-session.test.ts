// A session over a fake child: what it takes in one turn, and what it does about a child that lies or ends.
import { afterEach, describe, expect, it } from "vitest";
import { RecordReader, RecordWriter } from "../../../agent/sandbox/record-ring.ts";
import { toChild, toParent } from "../../../agent/sandbox/records.ts";
import { layoutOf, ringSlots, sharedBytesFor } from "../../../agent/sandbox/shared-layout.ts";
import { type SessionEvents, StageSession } from "../../../agent/sandbox/stage-session.ts";
import { type FakeChild, FakeChildSpawner } from "../../../platform/fake/child-spawner.ts";

const sharedBytes = sharedBytesFor() - 2 * 65 * 1024 * 1024;

interface Stand {
  readonly session: StageSession;
  readonly child: FakeChild;
  /** The child's ends of the rings. */
  readonly writer: RecordWriter;
  readonly reader: RecordReader;
  readonly heard: string[];
}

const opened: StageSession[] = [];
afterEach(async () => {
  for (const session of opened.splice(0)) await session.discard();
});

function openSession(events: Partial<SessionEvents> = {}): Stand {
  const spawner = new FakeChildSpawner(() => {});
  const child = spawner.spawn({ role: "sandbox", sharedBytes, addressSpaceBytes: 1 });
  const layout = layoutOf(child.shared);
  const heard: string[] = [];
  const session = new StageSession(
    {
      child,
      layout,
      inbox: new RecordReader(layout.toParent),
      outbox: new RecordWriter(layout.toChild),
      confinement: { seccomp: true, reason: undefined },
    },
    {
      loaded: (problem) => void heard.push(`loaded ${problem?.code ?? "well"}`),
      emission: (sequence) => void heard.push(`emission ${sequence}`),
      failure: (sequence) => void heard.push(`failure ${sequence}`),
      done: (sequence) => void heard.push(`done ${sequence}`),
      log: () => void heard.push("log"),
      ended: (exit, lie) =>
        void heard.push(`ended ${exit.signal ?? exit.exitCode} ${lie?.message ?? ""}`.trim()),
      ...events,
    },
  );
  opened.push(session);
  return {
    session,
    child,
    writer: new RecordWriter(layout.toParent),
    reader: new RecordReader(layout.toChild),
    heard,
  };
}

/** The child answers a call. */
function answer({ writer, child }: Pick<Stand, "writer" | "child">, sequence: number): void {
  writer.commit(toParent.done, sequence, writer.reserve(0)!);
  child.end.wakeParent();
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const data = (length: number) => new Uint8Array(length).fill(7);

describe("a session", () => {
  it("hands on what the child sends, in order", async () => {
    const stand = openSession();
    for (let sequence = 1; sequence <= 3; sequence++) answer(stand, sequence);
    await turn();
    expect(stand.heard).toEqual(["done 1", "done 2", "done 3"]);
  });

  it("takes so much in one turn of the event loop, and the rest in later ones, however fast the child is", async () => {
    let taken = 0;
    const stand: Stand = openSession({
      done: (sequence) => {
        taken++;
        // As fast as it is read: without an end of its own, the turn would last for ever.
        if (sequence < 5000) stand.writer.commit(toParent.done, sequence + 1, stand.writer.reserve(0)!);
      },
    });
    answer(stand, 1);
    await Promise.resolve();
    await Promise.resolve();
    expect(taken).toBe(ringSlots * 4);
    await turn();
    expect(taken).toBeGreaterThan(ringSlots * 4);
    while (taken < 5000) await turn();
    await turn();
    expect(taken).toBe(5000);
  });

  it("takes what a child has sent before its end, and then tells the end, once", async () => {
    const stand = openSession();
    answer(stand, 1);
    answer(stand, 2);
    stand.child.end.exit({ signal: "SIGALRM" });
    await turn();
    expect(stand.heard).toEqual(["done 1", "done 2", "ended SIGALRM"]);
  });

  it("kills a child that lies, takes nothing more of it, and says how it lied", async () => {
    const stand = openSession();
    stand.writer.commit(99, 1, stand.writer.reserve(0)!);
    answer(stand, 2);
    await turn();
    expect(stand.heard).toEqual(["ended SIGKILL record type 99 doesn't exist"]);
    expect(stand.child.isRunning).toBe(false);
  });

  it("kills a child when its own runner finds the lie", async () => {
    const stand = openSession({
      done: () => {
        throw new TypeError("an answer to nothing");
      },
    });
    answer(stand, 1);
    await turn();
    expect(stand.heard).toEqual(["ended SIGKILL an answer to nothing"]);
  });

  it("touches nothing of a child's memory once it is discarded", async () => {
    const stand = openSession();
    answer(stand, 1);
    await stand.session.discard();
    await turn();
    expect(stand.heard).toEqual(["ended SIGKILL"]);
    expect(stand.child.isReleased).toBe(true);
  });

  it("sends what fits, and says so when it doesn't", () => {
    const { session, reader } = openSession();
    const frame = { port: "in", pts: 5, payload: { kind: "bytes" } as const, data: data(600_000) };
    expect(session.trySendFrame(1, 0, frame)).toBe(true);
    expect(session.trySendFrame(2, 0, frame)).toBe(false);
    expect(reader.peek()).toMatchObject({ type: toChild.frame, sequence: 1 });
    reader.release();
    expect(session.trySendFrame(2, 0, frame)).toBe(true);
  });

  it("wakes the child once for many records, and again when it has listened", async () => {
    const { session, child } = openSession();
    let wakes = 0;
    child.end.onWake(() => void wakes++);
    for (let sequence = 0; sequence < 5; sequence++) session.trySendNothing(sequence);
    await turn();
    expect(wakes).toBe(1);
    Atomics.store(layoutOf(child.shared).control, 0, 0);
    session.trySendFlush(6);
    await turn();
    expect(wakes).toBe(2);
  });
});
