// The binary head of a frame: how payload and time are written in front of a frame's bytes.
import { RemoteMediaError } from "../../platform/base/error.ts";
import {
  elementTypes,
  type Payload,
  type PayloadKind,
  payloadKinds,
  pixelFormats,
  sampleFormats,
} from "./frame.ts";

/* Layout, little-endian:
 *   0 u8  payload kind, by its place in the WIT variant
 *   1 u8  enum: sample format, pixel format or element type; else 0
 *   2 u16 tag, the caller's own (a port's index, for example)
 *   4 u32 audio rate | video width | tensor extents | codec name's bytes; else 0
 *   8 u32 audio channels | video height; else 0
 *  12 u32 bytes of data
 *  16 i64 pts in microseconds
 *  24     tensor extents as u32 each, or the codec name in UTF-8
 * The data follows at the next multiple of 64. */
const fixedBytes = 24;
const dataAlignment = 64;

/** Bounds on what a head may claim. */
export const maxTensorRank = 32;
export const maxCodecBytes = 64;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface FrameHead {
  readonly tag: number;
  readonly pts: number;
  readonly payload: Payload;
  /** Relative to the head's own offset. */
  readonly dataOffset: number;
  readonly dataBytes: number;
}

/** Bytes from the head's start to the data's. */
export function frameDataOffset(payload: Payload): number {
  let tail = 0;
  if (payload.kind === "tensor") tail = payload.shape.length * 4;
  else if (payload.kind === "encoded") tail = encoder.encode(payload.codec).length;
  return Math.ceil((fixedBytes + tail) / dataAlignment) * dataAlignment;
}

/** Writes the head at `offset`; the data belongs at `offset + frameDataOffset(payload)`. `offset` is a multiple of 8. */
export function writeFrameHead(
  view: DataView,
  offset: number,
  tag: number,
  pts: number,
  payload: Payload,
  dataBytes: number,
): void {
  let enumeration = 0;
  let first = 0;
  let second = 0;
  switch (payload.kind) {
    case "audio":
      enumeration = sampleFormats.indexOf(payload.format);
      first = payload.rate;
      second = payload.channels;
      break;
    case "video":
      enumeration = pixelFormats.indexOf(payload.format);
      first = payload.width;
      second = payload.height;
      break;
    case "tensor":
      enumeration = elementTypes.indexOf(payload.element);
      first = payload.shape.length;
      payload.shape.forEach((extent, index) => {
        view.setUint32(offset + fixedBytes + index * 4, extent, true);
      });
      break;
    case "encoded": {
      const codec = encoder.encode(payload.codec);
      first = codec.length;
      new Uint8Array(view.buffer, view.byteOffset + offset + fixedBytes, codec.length).set(codec);
      break;
    }
  }
  view.setUint8(offset, payloadKinds.indexOf(payload.kind));
  view.setUint8(offset + 1, enumeration);
  view.setUint16(offset + 2, tag, true);
  view.setUint32(offset + 4, first, true);
  view.setUint32(offset + 8, second, true);
  view.setUint32(offset + 12, dataBytes, true);
  view.setBigInt64(offset + 16, BigInt(pts), true);
}

/** Reads a head at `offset` of a record that ends at `end`. Everything in it is attacker-controlled.
 * @throws RemoteMediaError `node-bad-output` when it claims what can't be. */
export function readFrameHead(view: DataView, offset: number, end: number): FrameHead {
  if (end - offset < fixedBytes || end > view.byteLength) throw lie("its head is cut short");
  const first = view.getUint32(offset + 4, true);
  const dataBytes = view.getUint32(offset + 12, true);
  const pts = Number(view.getBigInt64(offset + 16, true));
  if (!Number.isSafeInteger(pts)) throw lie(`its pts ${pts} is not a safe integer`);
  const kind = payloadKinds[view.getUint8(offset)];
  if (kind === undefined) throw lie("its payload kind is unknown");
  const payload = readPayload(kind, view, offset, end, first);
  const dataOffset = frameDataOffset(payload);
  if (offset + dataOffset + dataBytes > end) throw lie("its data is cut short");
  return { tag: view.getUint16(offset + 2, true), pts, payload, dataOffset, dataBytes };
}

function readPayload(kind: PayloadKind, view: DataView, offset: number, end: number, first: number): Payload {
  const enumeration = view.getUint8(offset + 1);
  const second = view.getUint32(offset + 8, true);
  switch (kind) {
    case "audio":
      return { kind, rate: first, channels: second, format: known(sampleFormats, enumeration) };
    case "video":
      return { kind, width: first, height: second, format: known(pixelFormats, enumeration) };
    case "tensor": {
      if (first > maxTensorRank || offset + fixedBytes + first * 4 > end)
        throw lie("its tensor has too many dimensions");
      const shape = Array.from({ length: first }, (_, index) =>
        view.getUint32(offset + fixedBytes + index * 4, true),
      );
      return { kind, element: known(elementTypes, enumeration), shape };
    }
    case "encoded": {
      if (first > maxCodecBytes || offset + fixedBytes + first > end) throw lie("its codec name is too long");
      // A copy: who shares this memory may change it while it is decoded.
      const bytes = new Uint8Array(view.buffer, view.byteOffset + offset + fixedBytes, first).slice();
      try {
        return { kind, codec: decoder.decode(bytes) };
      } catch (cause) {
        throw new RemoteMediaError("node-bad-output", "a frame can't be: its codec name is not UTF-8", {
          cause,
        });
      }
    }
    default:
      return { kind };
  }
}

function known<T>(names: readonly T[], index: number): T {
  const name = names[index];
  if (name === undefined) throw lie("a format number is unknown");
  return name;
}

function lie(what: string): RemoteMediaError {
  return new RemoteMediaError("node-bad-output", `a frame can't be: ${what}`);
}
