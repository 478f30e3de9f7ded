// One child's service of a stage: what is sent to it, what comes back. Every byte that comes back is attacker-controlled.

import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { isErrorCode } from "../../platform/base/error-codes.ts";
import type { ChildExit } from "../../platform/contract/process.ts";
import type { Frame } from "../node/frame.ts";
import { frameDataOffset, readFrameHead, writeFrameHead } from "../node/frame-codec.ts";
import { type BlobJson, writeBlobJson } from "./blob-json.ts";
import { readableText } from "./readable-text.ts";
import type { RecordView } from "./record-ring.ts";
import { type Note, readNote, toChild, toParent } from "./records.ts";
import type { SandboxChild } from "./sandbox-pool.ts";
import { discard } from "./sandbox-pool.ts";
import { control, maxStageNodes, ringSlots } from "./shared-layout.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a session tells its runner, one call at a time from the event loop. */
export interface SessionEvents {
  loaded(problem: RemoteMediaError | undefined): void;
  /** `tag` is node index and port index as `packTag` packs them; `frame.port` is empty. */
  emission(sequence: number, tag: number, frame: Frame): void;
  failure(sequence: number, note: Note): void;
  done(sequence: number): void;
  log(note: Note): void;
  /** The last event, once. `lie` says how the child broke the protocol, where it did. */
  ended(exit: ChildExit, lie: RemoteMediaError | undefined): void;
}

/** Log lines that a child may send, at once and a second: well over what its own limiters let through. */
const logBurst = 200 * maxStageNodes;
const logsPerSecond = 40 * maxStageNodes;

/** Records taken in one turn of the event loop. */
const turnRecords = ringSlots * 4;

export class StageSession {
  readonly #sandbox: SandboxChild;
  readonly #events: SessionEvents;
  #lie: RemoteMediaError | undefined;
  #continues = false;
  readonly #logs = new TokenBucket(logBurst, logsPerSecond);
  /** No byte of the child's memory may be touched any more. */
  #isOver = false;
  /** Whether the child has loaded the stage. */
  isLoaded = false;

  constructor(sandbox: SandboxChild, events: SessionEvents) {
    this.#sandbox = sandbox;
    this.#events = events;
    sandbox.child.onWake(() => this.#drainInTurns());
    void sandbox.child.exited.then((exit) => {
      while (!this.#isOver && this.#drain());
      this.#isOver = true;
      events.ended(exit, this.#lie);
    });
  }

  /** A node's metrics block. */
  metrics(node: number): DataView {
    return this.#sandbox.layout.metrics[node]!;
  }

  /** Index of the node whose code runs, or -1. As the child says: good for a report, not for a decision. */
  get currentNode(): number {
    return Atomics.load(this.#sandbox.layout.control, control.currentNode);
  }

  /** Changes whenever a guest call begins or ends. */
  get progress(): number {
    return Atomics.load(this.#sandbox.layout.control, control.progress);
  }

  load(stage: BlobJson): void {
    const room = this.#sandbox.outbox.reserve(stage.bytes);
    if (room === undefined)
      throw new RemoteMediaError("sandbox-failed", "the stage doesn't fit into its child's memory");
    writeBlobJson(stage, this.#sandbox.outbox.arena, room.offset);
    this.#commit(toChild.load, 0, room);
  }

  /** Sends a frame for the root's input port of that index. False when there is no room until the child has taken more. */
  trySendFrame(sequence: number, port: number, frame: Frame): boolean {
    const { outbox } = this.#sandbox;
    const dataOffset = frameDataOffset(frame.payload);
    const room = outbox.reserve(dataOffset + frame.data.length);
    if (room === undefined) return false;
    writeFrameHead(outbox.view, room.offset, port, frame.pts, frame.payload, frame.data.length);
    outbox.arena.set(frame.data, room.offset + dataOffset);
    this.#commit(toChild.frame, sequence, room);
    return true;
  }

  /** The largest frame data that can ever be sent. */
  get capacity(): number {
    return this.#sandbox.outbox.capacity - 4096;
  }

  trySendFlush(sequence: number): boolean {
    const room = this.#sandbox.outbox.reserve(0);
    if (room === undefined) return false;
    this.#commit(toChild.flush, sequence, room);
    return true;
  }

  /** A call that does nothing and is answered in its turn. */
  trySendNothing(sequence: number): boolean {
    const room = this.#sandbox.outbox.reserve(0);
    if (room === undefined) return false;
    this.#commit(toChild.nothing, sequence, room);
    return true;
  }

  kill(): void {
    this.#sandbox.child.kill();
  }

  /** Ends the child and gives the memory back; the metrics blocks are gone then. */
  async discard(): Promise<void> {
    this.#isOver = true;
    await discard(this.#sandbox.child);
  }

  #commit(type: number, sequence: number, room: { readonly offset: number; readonly bytes: number }): void {
    this.#sandbox.outbox.commit(type, sequence, room);
    if (Atomics.exchange(this.#sandbox.layout.control, control.childWakePending, 1) === 0)
      this.#sandbox.child.wake();
  }

  /** Takes what has come, so many records at a time: a child that never stops must not keep this process from anything else. */
  #drainInTurns(): void {
    if (this.#continues || !this.#drain()) return;
    this.#continues = true;
    setImmediate(() => {
      this.#continues = false;
      if (!this.#isOver) this.#drainInTurns();
    });
  }

  /** Gives whether there may be more. */
  #drain(): boolean {
    const { layout, inbox, child } = this.#sandbox;
    if (this.#lie !== undefined) return false;
    Atomics.store(layout.control, control.parentWakePending, 0);
    let left = turnRecords;
    try {
      for (let record = inbox.peek(); record !== undefined && left > 0; record = inbox.peek(), left--) {
        this.#take(record);
        inbox.release();
      }
    } catch (thrown) {
      this.#lie = toRemoteMediaError(thrown);
      child.kill();
    }
    if (Atomics.exchange(layout.control, control.childWantsRoom, 0) === 1) child.wake();
    return left === 0 && this.#lie === undefined;
  }

  #take(record: RecordView): void {
    const { inbox } = this.#sandbox;
    switch (record.type) {
      case toParent.emission: {
        const head = readFrameHead(inbox.view, record.offset, record.offset + record.bytes);
        const start = record.offset + head.dataOffset;
        const data = inbox.arena.slice(start, start + head.dataBytes);
        this.#events.emission(record.sequence, head.tag, {
          port: "",
          pts: head.pts,
          payload: head.payload,
          data,
        });
        return;
      }
      case toParent.done:
        this.#events.done(record.sequence);
        return;
      case toParent.failure:
      case toParent.log: {
        const note = readNote(inbox.view, record.offset, record.bytes);
        if (note === undefined) throw new RemoteMediaError("sandbox-failed", "a note is cut short");
        if (record.type === toParent.failure) this.#events.failure(record.sequence, note);
        else if (this.#logs.take()) this.#events.log(note);
        else throw new RemoteMediaError("sandbox-failed", "more log lines than there can be");
        return;
      }
      case toParent.loaded:
        if (this.isLoaded) throw new RemoteMediaError("sandbox-failed", "the stage was loaded twice");
        this.isLoaded = true;
        this.#events.loaded(readProblem(inbox.arena.slice(record.offset, record.offset + record.bytes)));
        return;
      default:
        throw new RemoteMediaError("sandbox-failed", `record type ${record.type} doesn't exist`);
    }
  }
}

/** Why a stage could not be loaded, as its child says. */
function readProblem(bytes: Uint8Array): RemoteMediaError | undefined {
  const said = parseProblem(bytes);
  if (said === null || typeof said !== "object" || !("code" in said)) return undefined;
  const code = String(said.code);
  const message = "message" in said ? readableText(String(said.message)).slice(0, 1000) : "";
  return new RemoteMediaError(isErrorCode(code) ? code : "sandbox-failed", message);
}

function parseProblem(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new RemoteMediaError("sandbox-failed", "what it says of its stage can't be read", { cause });
  }
}
