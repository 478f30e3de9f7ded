// Reads what a guest returned out of its memory. Every number there is attacker-controlled.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";
import {
  elementTypes,
  type Frame,
  type Payload,
  payloadKinds,
  pixelFormats,
  sampleFormats,
} from "../../node/frame.ts";
import { maxCodecBytes, maxTensorRank } from "../../node/frame-codec.ts";
import type { StageNode } from "../stage-spec.ts";
import { checkOutput } from "./check-output.ts";

/** Bytes of a lowered frame record, and where its fields are (nodes/wit/node.wit, canonical ABI, 32-bit memory). */
const frameBytes = 40;
const offsets = { port: 0, pts: 8, kind: 16, payload: 20, data: 32 } as const;

const maxMessageBytes = 1024;
const maxPortBytes = 64;

/** The cases of `failure`, in the WIT's order; an unknown one counts as fatal. */
const failureCases: readonly ErrorCode[] = ["node-invalid-params", "node-bad-input", "node-fatal"];

const lossy = new TextDecoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class FrameLifter {
  readonly #memory: WebAssembly.Memory;
  readonly #node: StageNode;
  readonly #ports: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  #view: DataView;

  constructor(memory: WebAssembly.Memory, node: StageNode) {
    this.#memory = memory;
    this.#node = node;
    this.#ports = node.outputs.map((port) => ({
      name: port.name,
      bytes: new TextEncoder().encode(port.name),
    }));
    this.#view = new DataView(memory.buffer);
  }

  /** The memory's bytes as they are now: growing it detaches every earlier view. */
  #refresh(): DataView {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }

  /** Reads `result<_, failure>` at `pointer`. */
  liftFailure(pointer: number): RemoteMediaError | undefined {
    const view = this.#refresh();
    const at = this.#range(pointer, 16, 4, "its result");
    const discriminant = view.getUint8(at);
    if (discriminant > 1) throw badOutput("its result is neither ok nor an error");
    if (discriminant === 0) return undefined;
    const code = failureCases[view.getUint8(at + 4)] ?? "node-fatal";
    const text = this.#range(
      view.getUint32(at + 8, true),
      view.getUint32(at + 12, true),
      1,
      "its failure's text",
    );
    const length = Math.min(view.getUint32(at + 12, true), maxMessageBytes);
    return new RemoteMediaError(code, lossy.decode(new Uint8Array(view.buffer, text, length)));
  }

  /** Reads `result<list<frame>, failure>` at `pointer`; the frames' data are views of the guest's memory. */
  lift(pointer: number): readonly Frame[] | RemoteMediaError {
    const failure = this.liftFailure(pointer);
    if (failure !== undefined) return failure;
    const view = this.#view;
    const at = pointer >>> 0;
    const count = view.getUint32(at + 8, true);
    if (count === 0) return [];
    const { maxFramesOut, maxOutputBytes } = this.#node.limits;
    if (count > maxFramesOut)
      throw new RemoteMediaError("node-output-limit", `${count} frames, ${maxFramesOut} are allowed a call`);
    const list = this.#range(view.getUint32(at + 4, true), count * frameBytes, 8, "its list of frames");
    const frames: Frame[] = [];
    let total = 0;
    for (let index = 0; index < count; index++) {
      const frame = this.#frame(list + index * frameBytes);
      total += frame.data.length;
      if (total > maxOutputBytes)
        throw new RemoteMediaError("node-output-limit", `more than ${maxOutputBytes} bytes in one call`);
      frames.push(frame);
    }
    return frames;
  }

  #frame(at: number): Frame {
    const view = this.#view;
    const port = this.#port(
      view.getUint32(at + offsets.port, true),
      view.getUint32(at + offsets.port + 4, true),
    );
    const pts = Number(view.getBigInt64(at + offsets.pts, true));
    const bytes = view.getUint32(at + offsets.data + 4, true);
    const start = this.#range(view.getUint32(at + offsets.data, true), bytes, 1, "a frame's data");
    const frame = { port, pts, payload: this.#payload(at), data: new Uint8Array(view.buffer, start, bytes) };
    checkOutput(this.#node, frame);
    return frame;
  }

  #port(pointer: number, length: number): string {
    const start = this.#range(pointer, length, 1, "a port's name");
    const bytes = new Uint8Array(this.#view.buffer, start, Math.min(length, maxPortBytes));
    for (const port of this.#ports) {
      if (port.bytes.length === length && port.bytes.every((byte, index) => byte === bytes[index]))
        return port.name;
    }
    return lossy.decode(bytes);
  }

  #payload(at: number): Payload {
    const view = this.#view;
    const kind = payloadKinds[view.getUint8(at + offsets.kind)];
    const payload = at + offsets.payload;
    switch (kind) {
      case undefined:
        throw badOutput(`payload variant ${view.getUint8(at + offsets.kind)} doesn't exist`);
      case "audio":
        return {
          kind,
          rate: view.getUint32(payload, true),
          channels: view.getUint16(payload + 4, true),
          format: known(sampleFormats, view.getUint8(payload + 6), "sample format"),
        };
      case "video":
        return {
          kind,
          width: view.getUint32(payload, true),
          height: view.getUint32(payload + 4, true),
          format: known(pixelFormats, view.getUint8(payload + 8), "pixel format"),
        };
      case "tensor": {
        const rank = view.getUint32(payload + 8, true);
        if (rank > maxTensorRank) throw badOutput(`a tensor of ${rank} dimensions`);
        const start = this.#range(view.getUint32(payload + 4, true), rank * 4, 4, "a tensor's shape");
        const shape = Array.from({ length: rank }, (_, index) => view.getUint32(start + index * 4, true));
        return { kind, element: known(elementTypes, view.getUint8(payload), "element type"), shape };
      }
      case "encoded": {
        const length = view.getUint32(payload + 4, true);
        if (length > maxCodecBytes) throw badOutput(`a codec name of more than ${maxCodecBytes} bytes`);
        const start = this.#range(view.getUint32(payload, true), length, 1, "a codec's name");
        try {
          return { kind, codec: strict.decode(new Uint8Array(view.buffer, start, length)) };
        } catch (cause) {
          throw new RemoteMediaError("node-bad-output", "a codec's name is not UTF-8", { cause });
        }
      }
      default:
        return { kind };
    }
  }

  /** Checks that `bytes` at `pointer` lie in memory and are aligned; gives the pointer as an unsigned number. */
  #range(pointer: number, bytes: number, alignment: number, what: string): number {
    const at = pointer >>> 0;
    if (at % alignment !== 0) throw badOutput(`${what} is not aligned`);
    if (at + bytes > this.#view.byteLength) throw badOutput(`${what} lies outside of its memory`);
    return at;
  }
}

function known<T>(names: readonly T[], index: number, what: string): T {
  const name = names[index];
  if (name === undefined) throw badOutput(`${what} ${index} doesn't exist`);
  return name;
}

function badOutput(what: string): RemoteMediaError {
  return new RemoteMediaError("node-bad-output", what);
}
