// Messages of a stage's channel out of pieces that a peer sent: everything in them is attacker-controlled.
import { payloadProblem } from "../node/payload-check.ts";
import { protocolBounds } from "./bounds.ts";
import { decodeCbor } from "./cbor.ts";
import type { CallTimes, StageMessage } from "./control-message.ts";
import { readFailures } from "./failure-reader.ts";
import { FieldReader, peerInvalid } from "./field-reader.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { readPayload } from "./payload-reader.ts";

export interface StageReaderOptions {
  /** Which end the pieces come from: the two say different things. */
  readonly from: "caller" | "peer";
  /** Of one frame; default and at most `protocolBounds.frameBytes`. */
  readonly maxFrameBytes?: number;
}

/** A message whose bytes are still to come in part. */
interface Unfinished {
  readonly bytes: GatheredBytes;
  readonly finish: (bytes: Uint8Array) => StageMessage;
}

/** One channel's pieces in their order. Calls of a caller are checked to count from 1 without gaps; what a peer answers is held against the
 * calls by who made them. After it has thrown it is of no more use. */
export class StageReader {
  readonly #fromCaller: boolean;
  readonly #maxFrameBytes: number;
  #unfinished: Unfinished | undefined;
  #calls = 0;

  constructor({ from, maxFrameBytes = protocolBounds.frameBytes }: StageReaderOptions) {
    this.#fromCaller = from === "caller";
    this.#maxFrameBytes = Math.min(maxFrameBytes, protocolBounds.frameBytes);
  }

  /** Bytes that are kept of a message that isn't whole. */
  get heldBytes(): number {
    return this.#unfinished?.bytes.heldBytes ?? 0;
  }

  /** The message that `piece` completes, if it does. A frame's data may be a part of `piece`.
   * @throws RemoteMediaError `peer-invalid` */
  push(piece: Uint8Array): StageMessage | undefined {
    if (piece.length < 2 || piece.length > protocolBounds.pieceBytes)
      throw peerInvalid("a piece that can't be");
    const headBytes = piece[0]! | (piece[1]! << 8);
    if (headBytes > protocolBounds.headBytes || 2 + headBytes > piece.length)
      throw peerInvalid("a piece with a head that can't be");
    const head = decodeCbor(piece.subarray(2, 2 + headBytes));
    const bytes = piece.subarray(2 + headBytes);
    return typeof head === "number" ? this.#continue(head, bytes) : this.#begin(head, bytes);
  }

  #continue(offset: number, bytes: Uint8Array): StageMessage | undefined {
    const unfinished = this.#unfinished;
    if (unfinished === undefined || offset !== unfinished.bytes.length || bytes.length === 0)
      throw peerInvalid("a piece that continues nothing");
    if (bytes.length > unfinished.bytes.missing) throw peerInvalid("a piece of another size than it says");
    const whole = unfinished.bytes.add(bytes);
    if (whole === undefined) return undefined;
    this.#unfinished = undefined;
    return unfinished.finish(whole);
  }

  #begin(head: unknown, bytes: Uint8Array): StageMessage | undefined {
    const fields = new FieldReader(head, "a piece's head");
    const type = fields.any("type");
    if (type === "credit") return readCredit(fields, bytes);
    if (this.#unfinished !== undefined) throw peerInvalid("a message within another");
    if (type === "frame") return this.#gather(bytes, this.#frame(fields));
    if (type === "ack" && !this.#fromCaller) return this.#gather(bytes, readAck(fields));
    if (type === "flush" && this.#fromCaller) return this.#flush(fields, bytes);
    throw peerInvalid("a piece of an unknown type");
  }

  #gather(
    bytes: Uint8Array,
    begun: { size: number; finish: Unfinished["finish"] },
  ): StageMessage | undefined {
    const { size, finish } = begun;
    if (bytes.length === size) return finish(bytes);
    if (bytes.length > size || bytes.length === 0) throw peerInvalid("a piece of another size than it says");
    this.#unfinished = { bytes: new GatheredBytes(size), finish };
    this.#unfinished.bytes.add(bytes);
    return undefined;
  }

  #frame(fields: FieldReader) {
    const call = this.#call(fields);
    const node = fields.text("node");
    if ((node === "") !== this.#fromCaller) throw peerInvalid("a frame whose node can't be");
    const port = fields.text("port");
    const pts = fields.whole("pts", Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER);
    const payload = readPayload(fields.any("payload"));
    const size = fields.whole("size", this.#maxFrameBytes);
    const ended = this.#fromCaller ? undefined : optionalTimes(fields.any("ended"));
    fields.end();
    const finish = (data: Uint8Array): StageMessage => {
      const problem = payloadProblem(payload, data);
      if (problem !== undefined) throw peerInvalid(problem);
      return { type: "frame", call, node, port, pts, payload, data, ...(ended && { ended }) };
    };
    return { size, finish };
  }

  #flush(fields: FieldReader, bytes: Uint8Array): StageMessage {
    const call = this.#call(fields);
    endWithout(bytes, fields);
    return { type: "flush", call };
  }

  #call(fields: FieldReader): number {
    const call = fields.whole("call", Number.MAX_SAFE_INTEGER, 1);
    if (!this.#fromCaller) return call;
    if (call !== this.#calls + 1) throw peerInvalid("a call out of order");
    this.#calls = call;
    return call;
  }
}

function readCredit(fields: FieldReader, bytes: Uint8Array): StageMessage {
  const credit = fields.credit("credit");
  endWithout(bytes, fields);
  return { type: "credit", credit };
}

/** A day, in µs: longer than any call. */
const maxUs = 86_400_000_000;

function readTimes(fields: FieldReader): CallTimes {
  return { serviceUs: fields.amount("serviceUs", maxUs), waitedUs: fields.amount("waitedUs", maxUs) };
}

function optionalTimes(value: unknown): CallTimes | undefined {
  if (value === undefined) return undefined;
  const fields = new FieldReader(value, "a call's end");
  const times = readTimes(fields);
  fields.end();
  return times;
}

function readAck(fields: FieldReader) {
  const call = fields.whole("call", Number.MAX_SAFE_INTEGER, 1);
  const times = readTimes(fields);
  const refused = fields.optionalError("refused");
  const size = fields.whole("size", protocolBounds.failureBytes);
  fields.end();
  const finish = (bytes: Uint8Array): StageMessage => {
    const failures = bytes.length === 0 ? [] : readFailures(bytes);
    return { type: "ack", call, failures, ...times, ...(refused && { refused }) };
  };
  return { size, finish };
}

function endWithout(bytes: Uint8Array, fields: FieldReader): void {
  if (bytes.length > 0) throw peerInvalid("bytes of no message");
  fields.end();
}
