// The sandbox child's life: confined first, then one stage, frame after frame, until it is killed.

import { RemoteMediaError, toRemoteMediaError } from "../../../platform/base/error.ts";
import type { ChildHost } from "../../../platform/contract/process.ts";
import type { FailureCode } from "../../node/failure.ts";
import type { Frame } from "../../node/frame.ts";
import { frameDataOffset, readFrameHead, writeFrameHead } from "../../node/frame-codec.ts";
import { readBlobJson } from "../blob-json.ts";
import { RecordReader, type RecordView, RecordWriter, type Reservation } from "../record-ring.ts";
import { failureCodes, noteHeadBytes, packTag, toChild, toParent, writeNote } from "../records.ts";
import { control, layoutOf, type SharedLayout } from "../shared-layout.ts";
import type { StageSpec } from "../stage-spec.ts";
import { loadGuests } from "./load-guest.ts";
import { LogLimiter } from "./log-limiter.ts";
import { Stage } from "./stage.ts";

const encoder = new TextEncoder();

/** Enough that every function on a frame's way has run. */
const rehearsedFrames = 50;

/** Runs until the parent is gone. Nothing of a guest is looked at before `confine` has been tried and its result told. */
export async function serveStage(host: ChildHost): Promise<void> {
  const confinement = host.confine();
  const server = new StageServer(host, layoutOf(host.shared));
  server.sendText(toParent.ready, 0, JSON.stringify(confinement));
  await server.run();
}

class StageServer {
  readonly #host: ChildHost;
  readonly #layout: SharedLayout;
  readonly #control: Int32Array;
  readonly #inbox: RecordReader;
  readonly #outbox: RecordWriter;
  #stage: Stage | undefined;
  #rootPorts: readonly string[] = [];
  #sequence = 0;
  #running = true;

  constructor(host: ChildHost, layout: SharedLayout) {
    this.#host = host;
    this.#layout = layout;
    this.#control = layout.control;
    this.#inbox = new RecordReader(layout.toChild);
    this.#outbox = new RecordWriter(layout.toParent);
    Atomics.store(this.#control, control.currentNode, -1);
  }

  async run(): Promise<void> {
    while (this.#running) {
      const record = this.#inbox.peek();
      if (record === undefined) this.#sleep();
      else if (record.type === toChild.load) await this.#load(record);
      else if (record.type === toChild.rehearse) await this.#rehearse(record);
      else this.#serve(record);
    }
  }

  #serve(record: RecordView): void {
    this.#sequence = record.sequence;
    if (record.type === toChild.frame) {
      const head = readFrameHead(this.#inbox.view, record.offset, record.offset + record.bytes);
      const start = record.offset + head.dataOffset;
      this.#stage?.process({
        port: this.#rootPorts[head.tag] ?? "in",
        pts: head.pts,
        payload: head.payload,
        data: this.#inbox.arena.subarray(start, start + head.dataBytes),
      });
    } else if (record.type === toChild.flush) {
      this.#stage?.flush();
    }
    this.#inbox.release();
    this.#outbox.commit(toParent.done, record.sequence, this.#room(0));
    this.#wakeParent();
  }

  async #load(record: RecordView): Promise<void> {
    let problem: RemoteMediaError | undefined;
    this.#sequence = record.sequence;
    try {
      const spec = this.#readStage(record);
      this.#rootPorts = spec.nodes[0]?.inputs.map((port) => port.name) ?? [];
      const limiters = spec.nodes.map(
        (_, node) => new LogLimiter((level, text, suppressed) => this.#log(node, level, text, suppressed)),
      );
      const create = await loadGuests(spec, (node) => ({
        log: (level, message) => limiters[node]!.write(level, message),
      }));
      this.#stage = new Stage(spec, this.#host, this.#layout, create, {
        emission: (node, port, frame) => this.#emit(node, port, frame),
        failure: (node, code, message, pts, consecutive) => this.#fail(node, code, message, pts, consecutive),
      });
      this.#stage.open();
    } catch (thrown) {
      problem = toRemoteMediaError(thrown);
    }
    this.#inbox.release();
    const { code, message } = problem ?? {};
    this.sendText(
      toParent.loaded,
      record.sequence,
      JSON.stringify(problem === undefined ? {} : { code, message }),
    );
  }

  /** Runs a stage of ours for nobody, so that the engine has seen this code when a real one comes. */
  async #rehearse(record: RecordView): Promise<void> {
    const spec = this.#readStage(record);
    const create = await loadGuests(spec, () => ({ log() {} }));
    const stage = new Stage(spec, this.#host, this.#layout, create, { emission() {}, failure() {} });
    const port = spec.nodes[0]?.inputs[0]?.name ?? "in";
    if (stage.open()) {
      for (let frame = 0; frame < rehearsedFrames; frame++) {
        stage.process({ port, pts: frame, payload: { kind: "bytes" }, data: new Uint8Array(1024) });
      }
      stage.flush();
    }
    for (const { buffer, byteOffset, byteLength } of this.#layout.metrics) {
      new Uint8Array(buffer, byteOffset, byteLength).fill(0);
    }
    this.#inbox.release();
  }

  /** The parent is trusted: the shape is not checked again. */
  #readStage(record: RecordView): StageSpec {
    return readBlobJson(this.#inbox.arena.subarray(record.offset, record.offset + record.bytes)) as StageSpec;
  }

  /** Waits for the parent. The flag is cleared before the rings are looked at again, so that no wake-up is lost. */
  #sleep(): void {
    this.#running = this.#host.wait();
    Atomics.store(this.#control, control.childWakePending, 0);
  }

  #wakeParent(): void {
    if (Atomics.exchange(this.#control, control.parentWakePending, 1) === 0) this.#host.wakeParent();
  }

  /** Room in the outgoing arena; waits until the parent has made some. */
  #room(bytes: number): Reservation {
    if (bytes > this.#outbox.capacity)
      throw new RemoteMediaError("node-output-limit", `a frame of ${bytes} bytes doesn't fit`);
    for (;;) {
      const room = this.#outbox.reserve(bytes);
      if (room !== undefined) return room;
      Atomics.store(this.#control, control.childWantsRoom, 1);
      this.#wakeParent();
      const now = this.#outbox.reserve(bytes);
      if (now !== undefined) return now;
      this.#sleep();
      // The parent is gone: nobody is left to tell, and the kernel is about to end us.
      if (!this.#running) process.exit(0);
    }
  }

  #emit(node: number, port: number, frame: Frame): void {
    const dataOffset = frameDataOffset(frame.payload);
    const room = this.#room(dataOffset + frame.data.length);
    writeFrameHead(
      this.#outbox.view,
      room.offset,
      packTag(node, port),
      frame.pts,
      frame.payload,
      frame.data.length,
    );
    this.#outbox.arena.set(frame.data, room.offset + dataOffset);
    this.#outbox.commit(toParent.emission, this.#sequence, room);
  }

  #fail(
    node: number,
    code: FailureCode,
    message: string,
    pts: number | undefined,
    consecutive: number,
  ): void {
    this.#note(toParent.failure, node, failureCodes.indexOf(code), message, pts, consecutive);
  }

  #log(node: number, level: number, text: string, suppressed: number): void {
    this.#note(toParent.log, node, level, text, undefined, suppressed);
    this.#wakeParent();
  }

  #note(
    type: number,
    node: number,
    code: number,
    message: string,
    pts: number | undefined,
    count: number,
  ): void {
    const text = encoder.encode(message);
    const room = this.#room(noteHeadBytes + text.length);
    writeNote(this.#outbox.view, room.offset, { node, code, count, pts, text });
    this.#outbox.commit(type, this.#sequence, room);
  }

  sendText(type: number, sequence: number, text: string): void {
    const bytes = encoder.encode(text);
    const room = this.#room(bytes.length);
    this.#outbox.arena.set(bytes, room.offset);
    this.#outbox.commit(type, sequence, room);
    this.#wakeParent();
  }
}
